import { formatTableName, quoteIdentifier } from "../../src/core/name.ts";
import type { TestSql } from "../helpers/client.ts";
import type { TableDesign } from "./tables.ts";
import { plainType } from "./values.ts";

/** A column as the catalog has it now. */
export interface Column {
  readonly attnum: number;
  readonly name: string;
  /** As SQL, under the path of the model's schema. */
  readonly type: string;
}

/** A table of the model as it is now; `design` is how it began. */
export interface LiveTable {
  readonly oid: number;
  readonly design: TableDesign;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Attribute numbers in key order. */
  readonly key: readonly number[];
  readonly excluded: readonly number[];
  /** Attribute numbers that DDL leaves alone, the key not counted. */
  readonly fixed: readonly number[];
}

/** The tables of one history and the schema they live in. */
export interface World {
  readonly schema: string;
  readonly tables: readonly LiveTable[];
}

interface CatalogColumn {
  oid: number;
  table: string;
  attnum: number;
  name: string;
  type: string;
}

/** Reads the tables for the first time: what the design calls by name becomes attribute numbers. */
export async function discoverWorld(
  sql: TestSql,
  schema: string,
  designs: readonly TableDesign[],
): Promise<World> {
  const catalog = await readColumns(sql, schema);
  const tables = designs.map((design): LiveTable => {
    const own = catalog.filter(({ table }) => table === design.name);
    const columns = own.map(toColumn);
    const numbers = (names: readonly string[]) =>
      names.map((name) => columns.find((column) => column.name === name)?.attnum ?? 0);
    return {
      oid: own[0]?.oid ?? 0,
      design,
      name: design.name,
      columns,
      key: numbers(design.key),
      excluded: numbers(design.excluded),
      fixed: numbers(design.fixed),
    };
  });
  return { schema, tables };
}

/** The same tables under the names and with the columns the asking session sees. */
export async function refreshWorld(sql: TestSql, world: World): Promise<World> {
  const catalog = await readColumns(sql, world.schema);
  return {
    ...world,
    tables: world.tables.map((table) => {
      const own = catalog.filter(({ oid }) => oid === table.oid);
      return { ...table, name: own[0]?.table ?? table.name, columns: own.map(toColumn) };
    }),
  };
}

async function readColumns(sql: TestSql, schema: string): Promise<CatalogColumn[]> {
  return sql<CatalogColumn[]>`
    select class.oid, class.relname as table, attribute.attnum, attribute.attname as name,
      format_type(attribute.atttypid, attribute.atttypmod) as type
    from pg_class as class
    join pg_attribute as attribute
      on attribute.attrelid = class.oid and attribute.attnum > 0 and not attribute.attisdropped
    where class.relnamespace = ${schema}::regnamespace and class.relkind in ('r', 'p')
    order by class.oid, attribute.attnum`;
}

function toColumn({ attnum, name, type }: CatalogColumn): Column {
  return { attnum, name, type: plainType(type) };
}

/** The table as SQL, with its schema. */
export function qualifiedName({ schema }: World, table: LiveTable): string {
  return formatTableName({ schema, table: table.name });
}

/** The column as SQL. */
export function columnSql({ name }: Column): string {
  return quoteIdentifier(name);
}

/** The key's columns, in key order. */
export function keyColumns(table: LiveTable): Column[] {
  return table.key.map((attnum) => {
    const found = table.columns.find((column) => column.attnum === attnum);
    if (found === undefined) throw new Error(`${table.name} has lost its key column ${attnum}.`);
    return found;
  });
}

/** The columns an update may set beside the key. */
export function valueColumns(table: LiveTable): Column[] {
  return table.columns.filter(({ attnum }) => !table.key.includes(attnum));
}
