import type { Random } from "./random.ts";
import { columnTypes, literalOf } from "./values.ts";
import { type Column, columnSql, type LiveTable, qualifiedName, type World } from "./world.ts";

/** Types a column may be changed to, with the cast to use; whatever does not cast is refused and rolled back. */
const retypings: Readonly<Record<string, readonly string[]>> = {
  text: ["character varying", "character varying(4)", "bytea"],
  "character varying": ["text", "character varying(4)"],
  "character varying(4)": ["text", "character varying"],
  "character(4)": ["text"],
  integer: ["bigint", "numeric", "text"],
  bigint: ["numeric", "text"],
  smallint: ["integer"],
  numeric: ["numeric(12,2)", "text"],
  "numeric(12,2)": ["numeric"],
  jsonb: ["json", "text"],
  json: ["jsonb", "text"],
  "integer[]": ["text[]"],
  "timestamp with time zone": ["text"],
  mood: ["text"],
  email: ["text"],
};

/** One random change of a table's definition, as one or more statements; undefined where the table has nothing to change. */
export function randomDdl(world: World, random: Random): string | undefined {
  const table = random.pick(world.tables);
  const name = qualifiedName(world, table);
  const free = table.columns.filter(({ attnum }) => !table.fixed.includes(attnum));
  const values = free.filter(({ attnum }) => !table.key.includes(attnum));
  const statements = random
    .sample(
      [addColumn, addColumn, dropColumn, renameColumn, renameColumn, swapNames, retype, retype, renameTable],
      1,
    )
    .map((change) => change({ world, table, name, free, values, random }))[0];
  return statements;
}

interface Place {
  readonly world: World;
  readonly table: LiveTable;
  readonly name: string;
  /** Columns that may get another name. */
  readonly free: readonly Column[];
  /** Columns that may also go or change their type. */
  readonly values: readonly Column[];
  readonly random: Random;
}

function addColumn({ table, name, random }: Place): string | undefined {
  const type = random.pick(columnTypes);
  const called = unusedName(table, random);
  const standard = random.weighted([
    [5, ""],
    [4, ` default ${literalOf(type, random)}`],
    // A volatile default writes every row anew.
    [2, " default random()"],
  ]);
  return standard.includes("random()")
    ? `alter table ${name} add column ${called} double precision${standard}`
    : `alter table ${name} add column ${called} ${type}${standard}`;
}

function dropColumn({ name, values, table, random }: Place): string | undefined {
  const column = values.filter(({ attnum }) => !table.excluded.includes(attnum));
  return column.length < 2 ? undefined : `alter table ${name} drop column ${columnSql(random.pick(column))}`;
}

function renameColumn({ table, name, free, random }: Place): string | undefined {
  if (free.length === 0) return undefined;
  return `alter table ${name} rename column ${columnSql(random.pick(free))} to ${unusedName(table, random)}`;
}

function swapNames({ name, values, random }: Place): string | undefined {
  const [one, other] = random.sample(values, 2).map(columnSql);
  if (one === undefined || other === undefined) return undefined;
  return [
    `alter table ${name} rename column ${one} to swapped_for_a_moment`,
    `alter table ${name} rename column ${other} to ${one}`,
    `alter table ${name} rename column swapped_for_a_moment to ${other}`,
  ].join("; ");
}

function retype({ name, values, random }: Place): string | undefined {
  const candidates = values.filter(({ type }) => retypings[type] !== undefined);
  if (candidates.length === 0) return undefined;
  const column = random.pick(candidates);
  const type = random.pick(retypings[column.type] ?? []);
  const quoted = columnSql(column);
  const cast = column.type === "text" && type === "bytea" ? `convert_to(${quoted}, 'UTF8')` : undefined;
  // Without a cast of its own the server refuses what does not fit.
  return `alter table ${name} alter column ${quoted} drop default;
    alter table ${name} alter column ${quoted} type ${type}${cast === undefined && !["bytea", "text[]", "jsonb", "json", "text"].includes(type) ? "" : ` using ${cast ?? `${quoted}::${type}`}`}`;
}

function renameTable({ world, table, name, random }: Place): string | undefined {
  if (!table.design.renamable) return undefined;
  const taken = world.tables.map((other) => other.name);
  const free = ["renamed", "Re.Named", "again"].filter((called) => !taken.includes(called));
  return `alter table ${name} rename to ${columnSql({ attnum: 0, name: random.pick(free), type: "" })}`;
}

/** Names that were in use before come back for other columns. */
function unusedName(table: LiveTable, random: Random): string {
  const names = ["c1", "c2", "c3", "c4", "d1", "d2", "d3", "d4", "d5", "d6", "select", "Odd Name"];
  const free = names.filter((called) => !table.columns.some(({ name }) => name === called));
  return columnSql({ attnum: 0, name: random.pick(free), type: "" });
}
