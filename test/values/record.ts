import type { TestSql } from "../helpers/client.ts";
import { clock, unfaithful, valueColumns } from "./compare.ts";
import { type Form, shiftRows } from "./tables.ts";

/** A table to write to, with the columns that are shifted. */
export interface Written {
  readonly table: string;
  readonly columns: readonly string[];
}

/** The audited tables of samples, of one form. */
export async function writtenTables(sql: TestSql, form: Form): Promise<Written[]> {
  const rows = await sql<{ table: string }[]>`
    select format('%s.%s', schemaname, tablename) as table from pg_tables
    where schemaname = ${form} order by 1`;
  return Promise.all(rows.map(async ({ table }) => ({ table, columns: await valueColumns(sql, table) })));
}

/** Keeps what the tables look like once they are filled and shifted: the same in every run. */
export async function keepStates(sql: TestSql, tables: readonly Written[]): Promise<void> {
  for (const { table, columns } of tables) {
    await sql.unsafe(`
      create temporary table state on commit drop as table ${sourceOf(table)};
      ${shiftRows("pg_temp.state", columns).replaceAll("source.state", sourceOf(table))};
      create table ${shiftedOf(table)} as table pg_temp.state;
    `);
  }
}

const sourceOf = (table: string) => table.replace(/^\w+/, "source");
const shiftedOf = (table: string) => `kept.${table.replace(".", "_")}_shifted`;

/**
 * Inserts, updates, deletes and truncates all samples in a session, and reads there what the table was after the update. Returns what was
 * read wrongly. `control` is a session under default settings, for the clock.
 */
export async function writeAndRead(
  sql: TestSql,
  control: TestSql,
  tables: readonly Written[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const { table, columns } of tables) {
    const fill = `insert into ${table} table ${sourceOf(table)}`;
    await sql.unsafe(fill);
    await sql.unsafe(shiftRows(table, columns));
    const shifted = await clock(control);
    await sql.unsafe(`delete from ${table}; ${fill}`);
    // TRUNCATE is recorded at this isolation only.
    await sql.unsafe(`begin isolation level read committed; truncate ${table}; commit`);
    try {
      faults.push(...(await unfaithful(sql, { table, instant: shifted, kept: shiftedOf(table) })));
    } catch (error) {
      faults.push(`${table}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
}

const numbered = `
  select schema_name, table_name, op, key, old_key, old, new,
    row_number() over (partition by schema_name, table_name, op, key order by id) as turn
  from audit.history`;

/** Keeps all that was recorded so far, to compare with. */
export async function keepChanges(sql: TestSql): Promise<void> {
  await sql.unsafe(`create table kept.changes as ${numbered}`);
}

/** Empties the tables, also after a run that failed midway. */
export async function emptyTables(sql: TestSql, tables: readonly Written[]): Promise<void> {
  for (const { table } of tables) await sql.unsafe(`delete from ${table}`);
}

/** A number above all changes so far. */
export async function lastChange(sql: TestSql): Promise<string> {
  const [row] = await sql<{ it: string }[]>`select coalesce(max(id), 0)::text as it from audit.history`;
  return row?.it ?? "0";
}

/** Where the changes after a number differ from those kept, in so much as one byte of key, old or new. */
export async function differingChanges(sql: TestSql, after: string): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(
    `with run as (${numbered} where id > ${after})
     select format('%s.%s %s %s: %s', coalesce(run.schema_name, kept.schema_name), coalesce(run.table_name, kept.table_name),
       coalesce(run.op, kept.op), coalesce(run.key, kept.key),
       left((select string_agg(format('%s is %s, was %s', coalesce(now.key, before.key), now.value, before.value), '; ')
         from jsonb_each_text(coalesce(run.new, run.old)) as now
         full join jsonb_each_text(coalesce(kept.new, kept.old)) as before on before.key = now.key
         where now.value is distinct from before.value), 300)) as line
     from run
     full join kept.changes as kept
       on kept.schema_name = run.schema_name and kept.table_name = run.table_name and kept.op = run.op
       and kept.key = run.key and kept.turn = run.turn
     where run.key is null or kept.key is null or run.old_key is distinct from kept.old_key
       or run.old::text is distinct from kept.old::text or run.new::text is distinct from kept.new::text
     order by 1
     limit 20`,
  );
  return rows.map(({ line }) => line);
}
