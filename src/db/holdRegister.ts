import type { LegalHold } from "../core/legalHold.ts";
import { quoteIdentifier } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { didYouMean } from "../core/suggest.ts";
import { refusal, usageError } from "../errors.ts";
import { operation } from "./capture.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { literal } from "./literal.ts";

/** A hold with its record: who placed and lifted it, when and why. Instants are in the session's zone. */
export interface HoldRow extends LegalHold {
  /** The table's last known name; null where the hold covers all tables. */
  readonly schema: string | null;
  readonly table: string | null;
  readonly reason: string;
  readonly placedAt: string;
  readonly placedBy: string;
  /** null while it is in force. */
  readonly liftedAt: string | null;
  readonly liftedBy: string | null;
  readonly liftReason: string | null;
}

/** The holds in force, or all there ever were, in the order in which they were placed. */
export async function listHolds(
  { sql, object }: AuditDatabase,
  { all = false }: { readonly all?: boolean | undefined } = {},
): Promise<HoldRow[]> {
  return sql<HoldRow[]>`
    select
      hold.name, hold.relation, relation.schema_name as schema, relation.table_name as table, hold.key, hold.actor, hold.reason,
      to_char(hold.placed_at, ${ISO}) as "placedAt", hold.placed_by as "placedBy",
      to_char(hold.lifted_at, ${ISO}) as "liftedAt", hold.lifted_by as "liftedBy", hold.lift_reason as "liftReason"
    from ${object("hold")} as hold
    left join ${object("relation")} as relation on relation.id = hold.relation
    where ${all} or hold.lifted_at is null
    order by hold.id`;
}

/** Exit 5 where a hold of the name is in force. */
export async function requireFreeName(audit: AuditDatabase, name: string): Promise<void> {
  const holder = (await listHolds(audit)).find((hold) => hold.name === name);
  if (holder)
    throw refusal(
      `There is a hold "${safeText(name)}" already, placed by ${safeText(holder.placedBy)} at ${holder.placedAt}.`,
      "Choose another name, or see it with: audit hold list",
    );
}

/** The hold in force of a name; exit 2 where there is none. */
export async function findHold(audit: AuditDatabase, name: string): Promise<HoldRow> {
  const holds = await listHolds(audit);
  const found = holds.find((hold) => hold.name === name);
  if (found) return found;
  const meant = didYouMean(
    name,
    holds.map((hold) => hold.name),
  );
  throw usageError(
    [`There is no hold "${safeText(name)}" in force.`, meant].join(" ").trimEnd(),
    "See them with: audit hold list --all",
  );
}

/** The statements that place a hold, and note that. */
export function placeStatements(
  auditSchema: string,
  { name, relation, key, actor }: LegalHold,
  reason: string,
): string[] {
  const schema = quoteIdentifier(auditSchema);
  return [
    `insert into ${schema}.hold (name, relation, key, actor, reason) values (${[name, relation, key, actor, reason].map(literal).join(", ")});`,
    operation(schema, "hold", relation, { name, key, actor, reason }),
  ];
}

/** The statements that lift the hold in force of a name, and note that. */
export function liftStatements(
  auditSchema: string,
  { name, relation, key, actor }: LegalHold,
  reason: string,
): string[] {
  const schema = quoteIdentifier(auditSchema);
  return [
    `update ${schema}.hold set lifted_at = clock_timestamp(), lifted_by = session_user, lift_reason = ${literal(reason)} where name = ${literal(name)} and lifted_at is null;`,
    operation(schema, "lift", relation, { name, key, actor, reason }),
  ];
}
