import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";

/** Whether capture of a table works as it was set up. */
export interface Health {
  readonly relation: number;
  /** The row trigger: there and switched on, there but switched off, gone. */
  readonly rowTrigger: "on" | "off" | "gone";
  readonly truncateTrigger: "on" | "off" | "gone";
  /** Whether the row function is the one that would be generated now. */
  readonly current: boolean;
  /** Whether the key is still the primary key. */
  readonly sameKey: boolean;
}

/** Looks at the triggers of every table that should be audited and is still there. */
export async function readHealth({
  sql,
  object,
  installation,
}: AuditDatabase): Promise<ReadonlyMap<number, Health>> {
  const rows = await sql<Health[]>`
    select
      relation.id as relation,
      coalesce((
        select case when tgenabled in ('O', 'A') then 'on' else 'off' end
        from pg_trigger where tgrelid = relation.oid and tgname = '00_' || ${installation.schema}::text || '_row_' || relation.id
      ), 'gone') as "rowTrigger",
      -- the worst of the table and its partitions: one that came later has none yet
      (
        select case
          when bool_or(own.tgenabled is null) then 'gone'
          when bool_and(own.tgenabled in ('O', 'A')) then 'on'
          else 'off'
        end
        from (select relation.oid union select tree.relid from pg_partition_tree(relation.oid) as tree) as member
        join pg_class as truncatable on truncatable.oid = member.oid and truncatable.relkind in ('r', 'p')
        left join pg_trigger as own
          on own.tgrelid = member.oid and own.tgname = '00_' || ${installation.schema}::text || '_truncate_' || relation.id
      ) as "truncateTrigger",
      coalesce((
        select position(quote_literal(function.prosrc) in ${object("_row_function")}(
          relation.id, relation.oid, relation.key_columns, relation.excluded, relation.exclude,
          relation.retention, relation.capture = 'guarded')) > 0
        from pg_trigger as trigger
        join pg_proc as function on function.oid = trigger.tgfoid
        where trigger.tgrelid = relation.oid and trigger.tgname = '00_' || ${installation.schema}::text || '_row_' || relation.id
      ), false) as current,
      relation.key_columns is not distinct from (
        select array_agg(place.attnum order by place.ordinality)
        from pg_index as key, unnest(key.indkey::smallint[]) with ordinality as place (attnum, ordinality)
        where key.indrelid = relation.oid and key.indisprimary and place.ordinality <= key.indnkeyatts
      ) as "sameKey"
    from ${object("relation")} as relation
    join pg_class as class on class.oid = relation.oid
    where relation.enabled and relation.dropped_at is null`;
  return new Map(rows.map((row) => [row.relation, row]));
}

/** Whether changes may be missed or written to the wrong key; a guarded trigger that is out of date misses none. */
export function isBroken(health: Health | undefined, capture: Relation["capture"]): boolean {
  if (!health) return true;
  return (
    health.rowTrigger !== "on" ||
    health.truncateTrigger !== "on" ||
    !health.sameKey ||
    (!health.current && capture === "generated")
  );
}

/** What is wrong with a table's capture, in sentences; empty when all is well. */
export function healthProblems(
  health: Health | undefined,
  capture: Relation["capture"],
  table: string,
): string[] {
  const mend = `Mend it with: audit enable ${table}`;
  if (!health) return ["The table is gone from the catalog, or under another oid."];
  const problems: string[] = [];
  if (health.rowTrigger !== "on") {
    problems.push(
      `The audit trigger is ${health.rowTrigger === "off" ? "switched off" : "gone"}: changes are being missed. ${mend}`,
    );
  } else if (!health.current) {
    problems.push(
      capture === "guarded"
        ? `The table changed since its trigger was made; every change is still recorded, the slow way. ${mend}`
        : `The audit trigger was made for other columns or options than the table has now. ${mend}`,
    );
  }
  if (health.truncateTrigger !== "on") {
    problems.push(
      `The TRUNCATE trigger of the table or of a partition is ${health.truncateTrigger === "off" ? "switched off" : "missing"}: a TRUNCATE of it would go unrecorded. ${mend}`,
    );
  }
  if (!health.sameKey) problems.push(`The primary key is no longer the one changes are recorded by. ${mend}`);
  return problems;
}
