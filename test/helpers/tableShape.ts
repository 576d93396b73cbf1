import type { TestSql } from "./client.ts";

/** What a writer has to know of a table to write to it. Names are quoted, ready for SQL. */
export interface TableShape {
  /** Qualified. */
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  /** The primary key's columns. */
  readonly key: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  /** Foreign keys of any table that point here. */
  readonly referencedBy: readonly (ForeignKey & { readonly from: string })[];
}

export interface ColumnShape {
  readonly name: string;
  /** With its modifier, such as numeric(10,2). */
  readonly type: string;
  readonly notNull: boolean;
  readonly generated: boolean;
  /** Takes no value but its own, unless overridden. */
  readonly identity: boolean;
  /** In a unique index, the primary key's or another. */
  readonly unique: boolean;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  /** Qualified. */
  readonly target: string;
  readonly targetColumns: readonly string[];
}

/** The ordinary tables of a schema, each after those it refers to (to itself apart). */
export async function readTableShapes(sql: TestSql, schema: string): Promise<TableShape[]> {
  const tables = await sql<{ name: string; columns: string; key: string[] }[]>`
    select
      format('%s.%I', class.relnamespace::regnamespace, class.relname) as name,
      (
        select json_agg(json_build_object(
          'name', quote_ident(attribute.attname),
          'type', format_type(attribute.atttypid, attribute.atttypmod),
          'notNull', attribute.attnotnull,
          'generated', attribute.attgenerated <> '',
          'identity', attribute.attidentity = 'a',
          'unique', exists (
            select from pg_index where indrelid = class.oid and indisunique and attribute.attnum = any (indkey)
          )) order by attribute.attnum)
        from pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
      )::text as columns,
      array(
        select quote_ident(attribute.attname)
        from pg_index as key, unnest(key.indkey::smallint[]) with ordinality as place (attnum, number)
        join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum = place.attnum
        where key.indrelid = class.oid and key.indisprimary
        order by place.number
      ) as key
    from pg_class as class
    where class.relkind = 'r' and class.relnamespace = ${schema}::regnamespace
    order by class.relname`;
  const foreignKeys = await sql<
    { from: string; target: string; columns: string[]; target_columns: string[] }[]
  >`
    select
      format('%s.%I', source.relnamespace::regnamespace, source.relname) as from,
      format('%s.%I', target.relnamespace::regnamespace, target.relname) as target,
      array(
        select quote_ident(attname) from unnest(conkey) with ordinality as place (attnum, number)
        join pg_attribute on attrelid = conrelid and pg_attribute.attnum = place.attnum order by number
      ) as columns,
      array(
        select quote_ident(attname) from unnest(confkey) with ordinality as place (attnum, number)
        join pg_attribute on attrelid = confrelid and pg_attribute.attnum = place.attnum order by number
      ) as target_columns
    from pg_constraint
    join pg_class as source on source.oid = conrelid
    join pg_class as target on target.oid = confrelid
    where contype = 'f'
    order by conname`;
  const all = foreignKeys.map(({ from, target, columns, target_columns }) => ({
    from,
    target,
    columns,
    targetColumns: target_columns,
  }));
  const shapes = tables.map(({ name, columns, key }) => ({
    name,
    columns: JSON.parse(columns) as ColumnShape[],
    key,
    foreignKeys: all.filter(({ from }) => from === name),
    referencedBy: all.filter(({ target }) => target === name),
  }));
  return parentsFirst(shapes);
}

function parentsFirst(shapes: readonly TableShape[]): TableShape[] {
  const ordered: TableShape[] = [];
  let rest = [...shapes];
  while (rest.length > 0) {
    const waiting = new Set(rest.map(({ name }) => name));
    const ready = rest.filter(({ name, foreignKeys }) =>
      foreignKeys.every(({ target }) => target === name || !waiting.has(target)),
    );
    if (ready.length === 0) throw new Error(`These tables refer to each other: ${[...waiting].join(", ")}`);
    ordered.push(...ready);
    rest = rest.filter((shape) => !ready.includes(shape));
  }
  return ordered;
}
