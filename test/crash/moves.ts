import type { Random } from "../model/random.ts";
import { type CrashTable, tables } from "./tables.ts";

/** One statement of a writer. COPY has data of its own. */
export interface Move {
  readonly sql: string;
  readonly data?: string;
}

/** Numbers that many writers meet at; those of rows made by one writer alone are higher. */
const shared = 300;
const fresh = 1000;

/** A random statement on one of the tables. The label tells the rows written from all others. */
export function randomMove(random: Random, among: readonly CrashTable[], label: string): Move {
  const table = random.pick(among);
  const text = `'${label}'`;
  const kinds: [number, (table: CrashTable, random: Random, label: string) => Move][] = [
    [10, insertSome],
    [10, upsert],
    [14, updateSome],
    [3, updateNothing],
    [8, deleteSome],
    [8, deleteFresh],
    [7, changeKey],
    [8, merge],
    [4, replaceRows],
    [table.copied ? 6 : 0, copy],
    [table.partitioned ? 14 : 0, moveRows],
    [table.excluded.length > 0 ? 8 : 0, updateHidden],
    [table.truncated ? 12 : 0, truncate],
  ];
  return random.weighted(kinds)(table, random, text);
}

/** A statement that writes rows and fails at a later one: nothing of it may stay. */
export function failingMove(random: Random, label: string): string {
  const count = random.between(2, 6);
  return random.pick([
    `insert into plain (id, n, label) select nextval('fresh'), 1 / (${count} - g), '${label}' from generate_series(1, ${count}) as g`,
    `update plain set n = 1 / (id % 7), label = '${label}' where id between 1 and 60`,
  ]);
}

/** A block that catches the error of its own statement: a subtransaction rolled back inside one statement. */
export function swallowedError(random: Random, label: string): string {
  return `do $$
    begin
      begin
        insert into pair (a, b, n, label) values (nextval('fresh'), 'ghost', 0, 'ghost ${label}');
        update secretive set label = 'ghost ${label}' where id between 1 and ${random.between(5, 40)};
        raise division_by_zero;
      exception when division_by_zero then
        null;
      end;
      insert into pair (a, b, n, label) values (nextval('fresh'), 'real', 0, '${label}');
    end $$`;
}

/** The tables a transaction writes to: those whose locks would outlast it are not for one that is to be prepared. */
export function tablesFor(transaction: {
  readonly prepared: boolean;
  readonly repeatable: boolean;
}): CrashTable[] {
  return tables.filter(({ truncated }) => !truncated || !(transaction.prepared || transaction.repeatable));
}

function names({ columns }: CrashTable): string {
  return Object.keys(columns).join(", ");
}

/** One row or a few neighbours. */
function range({ number }: CrashTable, random: Random): string {
  const first = random.between(1, shared);
  return `${number} between ${first} and ${
    first +
    random.weighted([
      [5, 0],
      [3, random.between(1, 5)],
      [2, random.between(6, 30)],
    ])
  }`;
}

/** Rows that one writer made, in random places. */
function madeRows({ name, number }: CrashTable, random: Random): string {
  return `${number} in (select ${number} from ${name} where ${number} >= ${fresh} order by ${number} offset ${random.between(0, 40)} limit ${random.between(1, 20)})`;
}

function series(random: Random): string {
  const first = random.between(1, shared);
  return `generate_series(${first}, ${first + random.between(0, 12)}) as g`;
}

function insertSome(table: CrashTable, random: Random, label: string): Move {
  const count = random.weighted([
    [5, 1],
    [3, random.between(2, 6)],
    [2, random.between(7, 25)],
  ]);
  return {
    sql: `insert into ${table.name} (${names(table)}) select ${table.row("g", label).join(", ")}
      from (select nextval('fresh')::integer as g from generate_series(1, ${count})) as made`,
  };
}

function upsert(table: CrashTable, random: Random, label: string): Move {
  const act = random.chance(0.75) ? `update set n = ${table.name}.n + 1, label = excluded.label` : "nothing";
  return {
    sql: `insert into ${table.name} (${names(table)}) select ${table.row("g", label).join(", ")} from ${series(random)}
      on conflict (${table.key.join(", ")}) do ${act}`,
  };
}

function updateSome(table: CrashTable, random: Random, label: string): Move {
  const where = random.chance(0.7) ? range(table, random) : madeRows(table, random);
  const set = random.pick([
    `label = ${label}`,
    "n = n + 1",
    `n = n + 1, label = ${label}`,
    "n = null",
    "n = coalesce(n, 0)",
  ]);
  return { sql: `update ${table.name} set ${set} where ${where}` };
}

function updateNothing(table: CrashTable, random: Random): Move {
  return { sql: `update ${table.name} set n = n, label = label where ${range(table, random)}` };
}

function updateHidden(table: CrashTable, random: Random, label: string): Move {
  return {
    sql: `update ${table.name} set ${table.excluded.map((name) => `${name} = ${label}`).join(", ")} where ${range(table, random)}`,
  };
}

function deleteSome(table: CrashTable, random: Random): Move {
  return { sql: `delete from ${table.name} where ${range(table, random)}` };
}

function deleteFresh(table: CrashTable, random: Random): Move {
  return { sql: `delete from ${table.name} where ${madeRows(table, random)}` };
}

function changeKey(table: CrashTable, random: Random): Move {
  return {
    sql: `update ${table.name} set ${table.otherKey} where ${random.chance(0.5) ? range(table, random) : madeRows(table, random)}`,
  };
}

function merge(table: CrashTable, random: Random, label: string): Move {
  const source = `(select ${table
    .row("g", label)
    .map((value, index) => `${value} as ${Object.keys(table.columns)[index]}`)
    .join(", ")} from ${series(random)}) as source`;
  const same = table.key.map((name) => `target.${name} = source.${name}`).join(" and ");
  const values = Object.keys(table.columns).map((name) => `source.${name}`);
  return {
    sql: `merge into ${table.name} as target using ${source} on ${same}
      when matched and target.n % 3 = 0 then delete
      when matched then update set n = coalesce(target.n, 0) + 1, label = source.label
      when not matched then insert (${names(table)}) values (${values.join(", ")})`,
  };
}

/** Rows leave and others come in one statement. */
function replaceRows(table: CrashTable, random: Random, label: string): Move {
  return {
    sql: `with gone as (delete from ${table.name} where ${range(table, random)} returning ${table.number})
      insert into ${table.name} (${names(table)}) select ${table.row("g", label).join(", ")}
      from (select nextval('fresh')::integer as g from gone) as made`,
  };
}

function copy(table: CrashTable, random: Random, label: string): Move {
  const columns = table.key.concat("n", "label");
  const lines = Array.from({ length: random.between(1, 15) }, () => {
    const key = table.key.map((name) =>
      name === table.number ? String(random.between(1_000_000, 1_000_000_000)) : "b",
    );
    return `${[...key, "\\N", label.slice(1, -1)].join("\t")}\n`;
  });
  return { sql: `copy ${table.name} (${columns.join(", ")}) from stdin`, data: lines.join("") };
}

/** From one partition to others; rows whose place there is taken stay. */
function moveRows({ name }: CrashTable, random: Random): Move {
  const region = random.pick(["a", "b", "c", "d"]);
  return {
    sql: `update ${name} as moved set region = '${region}', n = coalesce(n, 0) + ${random.between(0, 1)}
      where id in (select id from ${name} order by id offset ${random.between(0, shared)} limit ${random.between(1, 20)})
        and not exists (select from ${name} as other where other.region = '${region}' and other.id = moved.id)`,
  };
}

function truncate({ name }: CrashTable): Move {
  return { sql: `truncate ${name}` };
}
