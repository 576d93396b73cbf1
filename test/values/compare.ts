import type { TestSql } from "../helpers/client.ts";
import { literal, quoted } from "./tables.ts";

/** What a table is to be as of an instant: a copy that was kept then, undefined for none. */
export interface Expected {
  readonly table: string;
  readonly instant: string;
  readonly kept: string | undefined;
}

/** The rows (by `pos`) in which audit.at and a kept copy are not the same, byte by byte; empty when they agree. */
export async function unfaithful(sql: TestSql, expected: Expected): Promise<string[]> {
  const { table, instant, kept } = expected;
  const past = `audit.at(null::${table}, ${literal(instant)})`;
  const copy = kept ?? `(select * from ${table} where false)`;
  const differing = await sql.unsafe<{ pos: number }[]>(
    `select coalesce(was.pos, copy.pos) as pos
     from ${past} as was
     full join ${copy} as copy on copy.pos operator(pg_catalog.=) was.pos
     where was.pos is null or copy.pos is null or was operator(pg_catalog.*<>) copy
     limit 1`,
  );
  if (differing.length === 0) return [];
  return differences(sql, past, copy, table);
}

async function differences(sql: TestSql, past: string, copy: string, table: string): Promise<string[]> {
  const columns = await sql<{ name: string }[]>`
    select attname as name from pg_attribute where attrelid = ${table}::regclass and attnum > 0 order by attnum`;
  const parts = columns.map(
    ({ name }) =>
      `(${literal(name)}, record_image_ne(row (was.${quoted(name)}), row (copy.${quoted(name)})),
        format('%s', was.${quoted(name)}), format('%s', copy.${quoted(name)}))`,
  );
  const found = await sql.unsafe<{ line: string }[]>(
    `select format('row %s, %s: %L instead of %L', coalesce(was.pos, copy.pos), part.name,
       left(part.past, 200), left(part.copied, 200)) as line
     from ${past} as was
     full join ${copy} as copy on copy.pos operator(pg_catalog.=) was.pos,
     lateral (values ${parts.join(", ")}) as part (name, differs, past, copied)
     where part.differs
     order by coalesce(was.pos, copy.pos)
     limit 20`,
  );
  return [`${table} as of then`, ...found.map(({ line }) => line)];
}

/** The columns of a table but its key. */
export async function valueColumns(sql: TestSql, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and attname <> 'pos' order by attnum`;
  return rows.map(({ name }) => name);
}

/** The server's clock, as text with all its digits. */
export async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ it: string }[]>`select clock_timestamp()::text as it`;
  return row?.it ?? "";
}
