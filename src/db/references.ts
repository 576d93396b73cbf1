import type { Reference } from "../core/when.ts";
import { type UserError, usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { findTag } from "./tags.ts";
import { findTransaction, findTransactionOf } from "./transaction.ts";
import type { ResolvedWhen } from "./when.ts";
import { requireZone } from "./zone.ts";

/**
 * The instant a tag, a transaction or a change names. A tag is exact by its snapshot. A transaction stands for the time at
 * which it was done: its commit where the server keeps the times of commits, else its last recorded change over all tables;
 * a change for that of its transaction. Exit 2 where there is no such tag, transaction or change.
 */
export async function resolveReference(
  audit: AuditDatabase,
  when: Reference,
  zone: string,
): Promise<ResolvedWhen> {
  await requireZone(audit.sql, zone);
  if (when.kind === "tag") return resolveTag(audit, when, zone);
  await audit.need?.({ only: { kind: when.kind, id: when.id } });
  const found = await (when.kind === "tx"
    ? findTransaction(audit, when.id)
    : findTransactionOf(audit, when.id));
  if (found === undefined) throw when.kind === "tx" ? unknownTransaction(when.id) : unknownChange(when.id);
  const before = when.kind === "tx" && when.before;
  const [done] = await audit.sql<{ at: string }[]>`
    select to_char(
      greatest(${found.lastAt}::text::timestamptz, ${found.committedAt}::text::timestamptz)
        - case when ${before} then interval '1 microsecond' else interval '0' end,
      ${ISO}) as at`;
  const notes =
    when.kind === "change" ? [`Change ${when.id} was done with its transaction, ${found.tx}.`] : [];
  return { typed: when.typed, at: done?.at ?? found.lastAt, zone, precision: "approx", notes };
}

/** The usage error for a transaction of which nothing is in the log. */
export function unknownTransaction(id: string): UserError {
  return usageError(
    `No change of transaction ${id} is recorded.`,
    "See the transactions of late with: audit log",
  );
}

/** The usage error for a change that is not in the log. */
export function unknownChange(id: string): UserError {
  return usageError(
    `There is no change ${id} in the log.`,
    "See changes with their numbers: audit history <table>",
  );
}

async function resolveTag(
  audit: AuditDatabase,
  { name, typed }: Reference & { readonly kind: "tag" },
  zone: string,
): Promise<ResolvedWhen> {
  const { at } = await findTag(audit, name);
  return { typed, at, zone, precision: "exact", tag: name, notes: [] };
}
