import type { Random } from "./random.ts";
import { keyLiteralOf, literalOf } from "./values.ts";
import {
  type Column,
  columnSql,
  keyColumns,
  type LiveTable,
  qualifiedName,
  valueColumns,
  type World,
} from "./world.ts";

/** Columns whose values the triggers reckon with stay among few values. */
const smallColumns: readonly string[] = ["grp", "n"];

interface Place {
  readonly world: World;
  readonly table: LiveTable;
  readonly random: Random;
}

type Move = (place: Place) => string;

/** One random statement on one random table of those given. */
export function randomStatement(world: World, tables: readonly LiveTable[], random: Random): string {
  const table = random.pick(tables);
  const place = { world, table, random };
  const move = random.weighted<Move>([
    [20, insertRows],
    [table.design.deferrable ? 0 : 8, upsertRows],
    [table.design.deferrable ? 6 : 0, takeKey],
    [22, updateRows],
    [5, updateNothing],
    [10, deleteRows],
    [8, changeKey],
    [5, swapKeys],
    [4, mergeRows],
    [3, deleteAndInsert],
    [3, truncateTable],
    ...(ownMoves[table.design.kind] ?? []),
  ]);
  return move(place);
}

const ownMoves: Partial<Record<LiveTable["design"]["kind"], (readonly [number, Move])[]>> = {
  defaults: [
    [12, ({ random }) => `update defaults set chosen = true where id = ${random.between(1, 7)}`],
    [6, ({ random }) => `update defaults set chosen = true where grp = ${random.between(1, 2)}`],
  ],
  volatile: [
    [
      8,
      ({ random }) =>
        `update volatile set n = ${random.between(0, 9)} where id <= ${random.between(1, 5)} returning touch(id)`,
    ],
    [
      8,
      ({ random }) =>
        `update volatile set n = coalesce(n, 0) + touch(id - 1) where grp = ${random.between(1, 2)}`,
    ],
    [
      4,
      ({ random }) =>
        `insert into volatile (id, n) values (${random.between(1, 7)}, 1) returning touch(id), touch(id)`,
    ],
    [4, ({ random }) => `select touch(${random.between(1, 7)})`],
    [2, ({ random }) => `delete from volatile where id = ${random.between(1, 7)} or touch(id) < 0`],
  ],
  tree: [
    [10, (place) => adopt(place)],
    [
      4,
      (place) =>
        `update ${name(place)} set ${id(place)} = ${id(place)} + 10 where ${id(place)} = ${place.random.between(1, 7)}`,
    ],
    [4, (place) => `update ${name(place)} set ${id(place)} = ${id(place)} - 10 where ${id(place)} > 10`],
  ],
  touched: [
    [
      6,
      ({ random }) =>
        `update touched set id = id - 20 where id > 20 and n is distinct from ${random.between(0, 3)}`,
    ],
  ],
  parts: [
    [10, (place) => moveBetweenPartitions(place)],
    [5, ({ random }) => `delete from ${random.pick(leaves)} where true`],
    [4, ({ random }) => `truncate ${random.pick(leaves)}`],
    [6, (place) => insertIntoLeaf(place)],
    [5, ({ random }) => `update ${random.pick(leaves)} set n = ${random.between(0, 3)}`],
  ],
};

const leaves: readonly string[] = ["parts_a", "parts_b", "parts_b_even", "parts_b_odd", "parts_rest"];

function name({ world, table }: Place): string {
  return qualifiedName(world, table);
}

/** Regions of partitions, where the key says so; else what the type has. */
function keyValue({ table, random }: Place, column: Column): string {
  if (table.design.kind === "parts" && column.attnum === table.key[0])
    return `'${random.pick(["a", "b", "c", "d"])}'`;
  return keyLiteralOf(column.type, random);
}

function value({ table, random }: Place, column: Column): string {
  if (smallColumns.includes(column.name) && column.type === "integer") return String(random.between(0, 2));
  // Few rows of a tree have parents that exist; most begin without.
  if (table.design.kind === "tree" && ["parent", "boss"].includes(column.name))
    return random.chance(0.5) ? "null" : String(random.between(1, 7));
  return literalOf(column.type, random);
}

function someKey(place: Place): string {
  const columns = keyColumns(place.table);
  return `(${columns.map(columnSql).join(", ")}) = (${columns.map((column) => keyValue(place, column)).join(", ")})`;
}

function someRows(place: Place): string {
  const { random, table } = place;
  const [first] = keyColumns(table);
  const between = table.columns.find(({ type, attnum }) => type === "integer" && table.key.includes(attnum));
  return random.weighted([
    [10, someKey(place)],
    [6, `${someKey(place)} or ${someKey(place)}`],
    [
      between ? 6 : 0,
      `${between ? columnSql(between) : ""} between ${random.between(1, 4)} and ${random.between(3, 7)}`,
    ],
    [4, first ? `${columnSql(first)} >= ${keyValue(place, first)}` : "true"],
    [2, "true"],
  ]);
}

function rowsOfValues(place: Place, columns: readonly Column[], count: number): string {
  return Array.from(
    { length: count },
    () =>
      `(${columns.map((column) => (place.table.key.includes(column.attnum) ? keyValue(place, column) : value(place, column))).join(", ")})`,
  ).join(", ");
}

/** All columns of the key and most of the others. */
function columnsToInsert({ table, random }: Place): Column[] {
  return [...keyColumns(table), ...valueColumns(table).filter(() => random.chance(0.8))];
}

function insertRows(place: Place): string {
  const columns = columnsToInsert(place);
  const count = place.random.weighted([
    [5, 1],
    [3, 2],
    [3, 3],
    [1, 5],
  ]);
  const conflict = place.table.design.deferrable || place.random.chance(0.3) ? "" : " on conflict do nothing";
  return `insert into ${name(place)} (${columns.map(columnSql).join(", ")}) values ${rowsOfValues(place, columns, count)}${conflict}`;
}

function upsertRows(place: Place): string {
  const columns = columnsToInsert(place);
  const set = assignments(place);
  return `insert into ${name(place)} (${columns.map(columnSql).join(", ")})
    values ${rowsOfValues(place, columns, place.random.between(1, 2))}
    on conflict (${keyColumns(place.table).map(columnSql).join(", ")}) do update set ${set}`;
}

function assignments(place: Place): string {
  const { random, table } = place;
  const columns = random.sample(valueColumns(table), random.between(1, 3));
  if (columns.length === 0)
    return keyColumns(table)
      .map((column) => `${columnSql(column)} = ${columnSql(column)}`)
      .join(", ");
  return columns.map((column) => `${columnSql(column)} = ${newValue(place, column)}`).join(", ");
}

function newValue(place: Place, column: Column): string {
  const { random } = place;
  const quoted = columnSql(column);
  const self = `${quotedTable(place)}.${quoted}`;
  if (column.type === "integer" && smallColumns.includes(column.name) && random.chance(0.5))
    return `coalesce(${self}, 0) + ${random.between(0, 1)}`;
  if (column.type === "numeric" && random.chance(0.3)) return `round(${self}, ${random.between(0, 3)})`;
  if (column.type === "double precision" && random.chance(0.3)) return `-${self}`;
  return value(place, column);
}

/** The name a column of the table may be called by within the statement. */
function quotedTable({ table }: Place): string {
  return columnSql({ attnum: 0, name: table.name, type: "" });
}

function updateRows(place: Place): string {
  return `update ${name(place)} set ${assignments(place)} where ${someRows(place)}`;
}

/** Nothing changes, or nothing that is recorded: the row version is a new one all the same. */
function updateNothing(place: Place): string {
  const { table, random } = place;
  const hidden = table.columns.filter(({ attnum }) => table.excluded.includes(attnum));
  const column = hidden.length > 0 && random.chance(0.7) ? random.pick(hidden) : random.pick(table.columns);
  const set = hidden.includes(column) ? literalOf(column.type, random) : columnSql(column);
  return `update ${name(place)} set ${columnSql(column)} = ${set} where ${someRows(place)}`;
}

function deleteRows(place: Place): string {
  return `delete from ${name(place)} where ${someRows(place)}`;
}

function changeKey(place: Place): string {
  const column = place.random.pick(keyColumns(place.table));
  const also = place.random.chance(0.4) ? `, ${assignments(place)}` : "";
  return `update ${name(place)} set ${columnSql(column)} = ${keyValue(place, column)}${also} where ${someKey(place)}`;
}

/** Keys move over one another within one statement; without a deferrable key most of it is refused. */
function swapKeys(place: Place): string {
  const { random, table } = place;
  const integer = keyColumns(table).find(({ type }) => ["integer", "bigint", "numeric"].includes(type));
  if (integer === undefined) return changeKey(place);
  const key = columnSql(integer);
  const [one, other] = [random.between(1, 7), random.between(1, 7)];
  return random.pick([
    `update ${name(place)} set ${key} = ${one + other} - ${key} where ${key} in (${one}, ${other})`,
    `update ${name(place)} set ${key} = 8 - ${key} where ${key} between 1 and 7`,
    `update ${name(place)} set ${key} = ${key} % 7 + 1 where ${key} between 1 and 7`,
    `update ${name(place)} set ${key} = ${key} + 1 where ${key} >= ${one}`,
    `update ${name(place)} set ${key} = ${key} - 1 where ${key} >= ${one}`,
  ]);
}

/** A new row comes to a key before the one that lives there has left it. */
function takeKey(place: Place): string {
  const { table, random } = place;
  const columns = columnsToInsert(place);
  const keys = keyColumns(table);
  const values = columns.map((column) =>
    keys.includes(column) ? keyValue(place, column) : value(place, column),
  );
  const there = keys.map((key) => `${columnSql(key)} = ${values[columns.indexOf(key)]}`).join(" and ");
  const [first] = keys;
  const leave =
    random.chance(0.5) || first === undefined
      ? `delete from ${name(place)}`
      : `update ${name(place)} set ${columnSql(first)} = ${keyValue(place, first)}`;
  return `do $do$
    declare
      place tid;
    begin
      set constraints all deferred;
      select ctid into place from ${name(place)} where ${there};
      insert into ${name(place)} (${columns.map(columnSql).join(", ")}) values (${values.join(", ")});
      update ${name(place)} set ${assignments(place)} where ${there} and ctid <> place;
      ${leave} where ctid = place;
    end $do$`;
}

function mergeRows(place: Place): string {
  const { table, random } = place;
  const columns = columnsToInsert(place);
  const source = columns.map((_column, index) => `s${index}`);
  const keys = keyColumns(table);
  const matched = random.pick(["delete", `update set ${assignments(place)}`, "do nothing"]);
  return `merge into ${name(place)} using (values ${rowsOfValues(place, columns, random.between(1, 2))}) as given (${source.join(", ")})
    on ${keys.map((key, index) => `${quotedTable(place)}.${columnSql(key)} = given.s${index}`).join(" and ")}
    when matched then ${matched}
    when not matched then insert (${columns.map(columnSql).join(", ")}) values (${source.map((column) => `given.${column}`).join(", ")})`;
}

/** The same keys leave and arrive within one statement. */
function deleteAndInsert(place: Place): string {
  const columns = place.table.columns;
  const arriving = columns.map((column) =>
    !place.table.key.includes(column.attnum) && place.random.chance(0.4)
      ? value(place, column)
      : columnSql(column),
  );
  return `with gone as (delete from ${name(place)} where ${someRows(place)} returning *)
    insert into ${name(place)} (${columns.map(columnSql).join(", ")}) select ${arriving.join(", ")} from gone`;
}

function truncateTable(place: Place): string {
  return `truncate ${name(place)}`;
}

function adopt(place: Place): string {
  const { random, table } = place;
  const column = random.pick(table.columns.filter(({ name: called }) => ["parent", "boss"].includes(called)));
  return `update ${name(place)} set ${columnSql(column)} = ${random.between(1, 7)} where ${id(place)} > ${random.between(1, 7)}`;
}

/** The only key column, whatever it is called by now. */
function id({ table }: Place): string {
  return keyColumns(table).map(columnSql).join();
}

function moveBetweenPartitions(place: Place): string {
  const [region] = keyColumns(place.table);
  if (region === undefined) throw new Error("A partitioned table without partition key.");
  return `update ${name(place)} set ${columnSql(region)} = ${keyValue(place, region)}${place.random.chance(0.5) ? `, ${assignments(place)}` : ""} where ${someRows(place)}`;
}

function insertIntoLeaf(place: Place): string {
  const columns = columnsToInsert(place);
  return `insert into ${place.random.pick(leaves)} (${columns.map(columnSql).join(", ")}) values ${rowsOfValues(place, columns, 2)} on conflict do nothing`;
}
