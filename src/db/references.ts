import { escapeControls } from "../core/safe.ts";
import { didYouMean } from "../core/suggest.ts";
import type { Reference } from "../core/when.ts";
import { usageError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
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
  const tx = when.kind === "tx" ? when.id : await transactionOf(audit, when.id);
  const before = when.kind === "tx" && when.before;
  const [found] = await audit.sql<{ at: string | null; committed: boolean }[]>`
    with done as (
      select max(change.at) as at, max(change.xid) as xid
      from ${audit.object("change")} as change
      where change.xid = ${tx}::text::xid8
    ), committed as (
      select case when current_setting('track_commit_timestamp')::boolean
        then pg_xact_commit_timestamp(done.xid::xid) end as at
      from done
    )
    select
      to_char(
        greatest(done.at, committed.at) - case when ${before} then interval '1 microsecond' else interval '0' end,
        'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM') as at,
      committed.at is not null as committed
    from done cross join committed`;
  if (found?.at == null)
    throw usageError(
      `No change of transaction ${tx} is recorded.`,
      "See the transactions of late with: audit log",
    );
  const notes = when.kind === "change" ? [`Change ${when.id} was done with its transaction, ${tx}.`] : [];
  return { typed: when.typed, at: found.at, zone, precision: "approx", notes };
}

async function resolveTag(
  { sql, object }: AuditDatabase,
  { name, typed }: Reference & { readonly kind: "tag" },
  zone: string,
): Promise<ResolvedWhen> {
  const tags = await sql<{ name: string; at: string }[]>`
    select name, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM') as at
    from ${object("tag")}`;
  const found = tags.find((tag) => tag.name === name);
  if (found === undefined) {
    const meant = didYouMean(
      name,
      tags.map((tag) => tag.name),
    );
    throw usageError(
      `There is no tag "${escapeControls(name)}".${meant && ` ${meant}`}`,
      "See them with: audit tags",
    );
  }
  return { typed, at: found.at, zone, precision: "exact", tag: name, notes: [] };
}

async function transactionOf({ sql, object }: AuditDatabase, id: string): Promise<string> {
  const [found] = await sql<{ tx: string }[]>`
    select change.xid::text as tx from ${object("change")} as change where change.id = ${id}`;
  if (found) return found.tx;
  throw usageError(
    `There is no change ${id} in the log.`,
    "See changes with their numbers: audit history <table>",
  );
}
