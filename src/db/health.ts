import type { Capture } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";

/** There and switched on, there but switched off, gone. */
export type TriggerState = "on" | "off" | "gone";

/** Whether capture of a table works as it was set up. */
export interface Health {
  readonly relation: number;
  /** The worst of the triggers on INSERT, UPDATE and DELETE. */
  readonly changeTriggers: TriggerState;
  /** The worst of the TRUNCATE triggers of the table and its partitions: one that came later has none yet. */
  readonly truncateTriggers: TriggerState;
  /** Whether the trigger functions are the ones that would be generated now, and the triggers call them so. */
  readonly current: boolean;
  /** Whether the key is still there: the primary key, or a unique index over the columns chosen. */
  readonly sameKey: boolean;
}

/** Looks at the triggers of every table that should be audited and is still there. */
export async function readHealth({
  sql,
  object,
  installation,
}: AuditDatabase): Promise<ReadonlyMap<number, Health>> {
  const rows = await sql<Health[]>`
    with audited as (
      select relation.id, ${object("_settled")}(relation) as settled
      from ${object("relation")} as relation
      join pg_class as class on class.oid = relation.oid
      where relation.enabled and relation.dropped_at is null
    ), state as (
      select audited.id, operation.name, own.tgenabled, own.tgtype, function.prosrc,
        case operation.name
          when 'insert' then ${object("_insert_function")}(audited.settled)
          when 'update' then ${object("_update_function")}(audited.settled)
          else ${object("_delete_function")}(audited.settled)
        end as wanted,
        -- bit 0: for each row
        operation.name = 'update' or (audited.settled).kind = 'row' as by_row
      from audited
      cross join (values ('insert'), ('update'), ('delete')) as operation (name)
      left join pg_trigger as own
        on own.tgrelid = (audited.settled).oid
        and own.tgname = concat('00_', ${installation.schema}::text, '_', operation.name, '_', audited.id)
      left join pg_proc as function on function.oid = own.tgfoid
    )
    select
      audited.id as relation,
      (
        select case
          when bool_or(state.tgenabled is null) then 'gone'
          when bool_and(state.tgenabled = 'A' or state.tgenabled = 'O' and not (audited.settled).always) then 'on'
          else 'off'
        end
        from state
        where state.id = audited.id
      ) as "changeTriggers",
      (
        select case
          when bool_or(own.tgenabled is null) then 'gone'
          when bool_and(own.tgenabled = 'A' or own.tgenabled = 'O' and not (audited.settled).always) then 'on'
          else 'off'
        end
        from (select (audited.settled).oid union select tree.relid from pg_partition_tree((audited.settled).oid) as tree) as member
        join pg_class as truncatable on truncatable.oid = member.oid and truncatable.relkind in ('r', 'p')
        left join pg_trigger as own
          on own.tgrelid = member.oid
          and own.tgname = concat('00_', ${installation.schema}::text, '_truncate_', audited.id)
      ) as "truncateTriggers",
      (
        select bool_and(
          coalesce(position(quote_literal(state.prosrc) in state.wanted) > 0, false)
          and coalesce(state.tgtype & 1 = 1, false) = state.by_row)
        from state
        where state.id = audited.id
      ) and ${object("_rows_owner_differs")}((audited.settled).oid, audited.id) is not true as current,
      ${object("_key_kept")}(audited.settled) as "sameKey"
    from audited`;
  return new Map(rows.map((row) => [row.relation, row]));
}

/** Whether all is as it was set up. */
export function isWell(health: Health | undefined): boolean {
  return (
    health?.changeTriggers === "on" && health.truncateTriggers === "on" && health.current && health.sameKey
  );
}

/** Whether changes may be missed or written to the wrong key; a guarded trigger that is out of date misses none. */
export function isBroken(health: Health | undefined, capture: Capture): boolean {
  if (!health) return true;
  return !isWell({ ...health, current: health.current || capture === "guarded" });
}

/** Why what was recorded so far does not lead back from the rows of today; undefined where it does. */
export function gapOf(health: Health | undefined): string | undefined {
  if (health?.changeTriggers !== "on")
    return `an audit trigger was found ${health?.changeTriggers === "off" ? "switched off" : "gone"}`;
  if (!health.sameKey) return "the key was found changed";
  return undefined;
}

/** What is wrong with a table's capture, in sentences; empty when all is well. */
export function healthProblems(health: Health | undefined, capture: Capture, table: string): string[] {
  const mend = `Mend it with: audit enable ${table}`;
  if (!health) return ["The table is gone from the catalog, or under another oid."];
  const problems: string[] = [];
  if (health.changeTriggers !== "on") {
    problems.push(
      `An audit trigger is ${health.changeTriggers === "off" ? "switched off" : "gone"}: changes are being missed. ${mend}`,
    );
  } else if (!health.current) {
    problems.push(
      capture === "guarded"
        ? `The table changed since its triggers were made; every change is still recorded, the slow way. ${mend}`
        : `The audit triggers were made for other columns or options than the table has now. ${mend}`,
    );
  }
  if (health.truncateTriggers !== "on") {
    problems.push(
      `The TRUNCATE trigger of the table or of a partition is ${health.truncateTriggers === "off" ? "switched off" : "missing"}: a TRUNCATE of it would go unrecorded. ${mend}`,
    );
  }
  if (!health.sameKey) problems.push(`The key is no longer the one changes are recorded by. ${mend}`);
  return problems;
}
