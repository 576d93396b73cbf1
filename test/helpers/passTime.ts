import type { TestSql } from "./client.ts";

/** Our columns of instants, by table. */
const instants: Readonly<Record<string, readonly string[]>> = {
  archive: ["archived_at", "verified_at"],
  change: ["at", "began"],
  coverage: ["from_at", "until_at"],
  hold: ["placed_at", "lifted_at"],
  installation: ["installed_at"],
  operation: ["at"],
  relation: ["horizon_at", "lost_at", "dropped_at"],
  relation_shape: ["from_at"],
  segment: ["opened_at", "first_at", "last_at", "restored_until"],
  segment_relation: ["first_at", "last_at", "settled_at", "gone_at"],
  tag: ["at", "since"],
};

/**
 * Lets time pass for an installation: everything it recorded moves into the past by so many hours, as if nothing
 * had happened since. A superuser's work, that passes itself off as prune before the triggers of the log.
 */
export async function passTime(sql: TestSql, hours: number, schema = "audit"): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      "set local session_replication_role = replica; set local audit.maintenance = 'prune'; set local timezone = 'UTC'",
    );
    const spans = await transaction.unsafe<{ name: string; definition: string }[]>(
      `select conrelid::regclass::text as name, pg_get_constraintdef(oid) as definition
       from pg_constraint
       where connamespace = '${schema}'::regnamespace and conname = 'span_of_time'`,
    );
    for (const { name } of spans)
      await transaction.unsafe(`alter table ${name} drop constraint span_of_time`);
    for (const [table, columns] of Object.entries(instants)) {
      const moved = columns.map((column) => `${column} = ${column} - interval '${hours} hours'`);
      await transaction.unsafe(`update ${schema}.${table} set ${moved.join(", ")}`);
    }
    for (const { name, definition } of spans) {
      const [, first, last] = /'([^']+)'.*'([^']+)'/.exec(definition) ?? [];
      await transaction.unsafe(
        `alter table ${name} add constraint span_of_time
         check (at >= '${moved(first, hours)}' and at <= '${moved(last, hours)}')`,
      );
    }
  });
}

/** The same instant, so many hours earlier, with every digit of its fraction. */
export function moved(instant: string | undefined, hours: number): string {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00(?::00)?)$/.exec(instant ?? "");
  if (!match) throw new Error(`"${instant}" is no instant in UTC.`);
  const earlier = new Date(new Date(`${match[1]}T${match[2]}Z`).getTime() - hours * 3_600_000);
  return `${earlier.toISOString().slice(0, 19)}${match[3] ?? ""}Z`;
}
