import { expect } from "vitest";
import type { TestSql } from "../helpers/client.ts";
import { clock, unfaithful, valueColumns } from "./compare.ts";
import { type Form, shiftRows } from "./tables.ts";

/**
 * Takes every sample through insert, update, delete, insert and TRUNCATE. Each step is a transaction that leaves as
 * many changes as there are rows that became others, and the past before each is the copy that was kept then.
 */
export async function proveFidelity(sql: TestSql, form: Form, name: string): Promise<void> {
  const table = `${form}.${name}`;
  const columns = await valueColumns(sql, table);
  const kept = (step: string) => `kept.${form}_${name}_${step}`;
  const keep = async (step: string) => {
    await sql.unsafe(`create table ${kept(step)} as table ${table}`);
    return clock(sql);
  };
  const fill = `insert into ${table} table source.${name}`;

  const empty = await clock(sql);
  await sql.unsafe(fill);
  const filled = await keep("filled");
  await sql.unsafe(shiftRows(table, columns));
  const shifted = await keep("shifted");
  await sql.unsafe(`delete from ${table}`);
  const deleted = await clock(sql);
  await sql.unsafe(fill);
  const again = await clock(sql);
  await sql.unsafe(`truncate ${table}`);

  const [counted] = await sql.unsafe<{ rows: string; changed: string; operations: string }[]>(
    `select
       (select count(*) from source.${name}) as rows,
       (select count(*) from ${kept("filled")} as one join ${kept("shifted")} as other using (pos)
        where one *<> other) as changed,
       (select string_agg(format('%s%s', op, times), ' ' order by op)
        from (select op, count(*) as times from audit.history
              where schema_name = '${form}' and table_name = '${name}' group by op) as counted) as operations`,
  );
  const { rows, changed, operations } = counted ?? {};
  expect(operations).toBe(`D${rows} I${2 * Number(rows)} T${rows} U${changed}`);

  const past = [
    { table, instant: empty, kept: undefined },
    { table, instant: filled, kept: kept("filled") },
    { table, instant: shifted, kept: kept("shifted") },
    { table, instant: deleted, kept: undefined },
    { table, instant: again, kept: kept("filled") },
    { table, instant: await clock(sql), kept: undefined },
  ];
  for (const expected of past) expect(await unfaithful(sql, expected)).toEqual([]);
}
