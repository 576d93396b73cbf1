import type { TestSql } from "../helpers/client.ts";
import { differingRows } from "../helpers/compareRows.ts";
import type { Row } from "./pgoutput.ts";
import { recordedColumns, tableOf, tables } from "./tables.ts";

/** An instant at which nobody wrote, and copies of all tables made then. */
export interface Standstill {
  readonly number: number;
  readonly at: string;
}

const copies = "standstill";

/** SQL for the copies' schema. */
export const copiesSql = `create schema ${copies}`;

/** SQL that copies what is recorded of every table. Nobody may write meanwhile. */
export function copyTablesSql(number: number): string[] {
  return tables.map(
    (table) =>
      `create table ${copies}.${table.name}_${number} as select ${recordedColumns(table).join(", ")} from ${table.name}`,
  );
}

/** Rows in which audit.at and the copies differ, by table and instant. */
export async function differingPast(sql: TestSql, standstills: readonly Standstill[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { number, at } of standstills) {
    for (const table of tables) {
      const columns = recordedColumns(table).join(", ");
      const lines = await differingRows(
        sql,
        `select ${columns} from audit.at(null::public.${table.name}, '${at}')`,
        `select ${columns} from ${copies}.${table.name}_${number}`,
      );
      faults.push(...lines.map((line) => `${table.name} at ${at}: ${line}`));
    }
  }
  return faults;
}

/** Rows in which a table and the texts given are not the same by record_image_eq, in the columns given. */
export async function differingPresent(
  sql: TestSql,
  name: string,
  columns: readonly string[],
  rows: readonly Row[],
): Promise<string[]> {
  const table = tableOf(name);
  const values = columns.map((column) => `(image ->> '${column}')::${table.columns[column]} as ${column}`);
  const record = (side: string) => `row(${columns.map((column) => `${side}.${column}`).join(", ")})`;
  const different = await sql.unsafe<{ line: string }[]>(
    `select format('${name}: there %s, expected %s', present, expected) as line
     from public.${name} as present
     full join (select ${values.join(", ")} from jsonb_array_elements($1::text::jsonb) as image) as expected
       using (${table.key.join(", ")})
     where not record_image_eq(${record("present")}, ${record("expected")})
     limit 5`,
    [JSON.stringify(rows)],
  );
  return different.map(({ line }) => line);
}
