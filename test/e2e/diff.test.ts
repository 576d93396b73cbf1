import { beforeAll, describe, expect, it } from "vitest";
import { type NetChange, netOf } from "../../src/core/net.ts";
import type { Image, RowDifference } from "../../src/types.ts";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { fixedSettings } from "../helpers/compareRows.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { randomFrom } from "../model/random.ts";

interface Item {
  readonly kind: RowDifference["kind"];
  readonly schema: string;
  readonly table: string;
  readonly key: string;
  readonly old_key: string | null;
  readonly old: Image | null;
  readonly new: Image | null;
}

/** An instant after a transaction, as the commands take it, with the transaction's number. */
interface Boundary {
  readonly number: number;
  readonly when: string;
  readonly tx: string;
}

/** Numbers below a bound, the same for the same seed. */
function chance(seed: number): (below: number) => number {
  const random = randomFrom(seed);
  return (below) => random.between(0, below - 1);
}

/** Another history with another seed. */
const seed = Number(process.env.TEST_SEED ?? 7);

const transactions = 36;

const tables = [
  {
    name: 'shop."Par.ent"',
    columns: "id, name, data, doc, total, tags, no",
  },
  { name: "shop.child", columns: "a, b, parent, note" },
  { name: "shop.counted", columns: "id, body, at, span, flag" },
];

const copyOf = (name: string, number: number) => `copies."${name.replaceAll('"', "")} ${number}"`;

/** On a busy machine a run of the command takes its time, and there are many. */
const patience = { timeout: 10 * 60_000 };

describe("diff of random histories", patience, () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  const boundaries: Boundary[] = [];

  beforeAll(async () => {
    await database.sql.unsafe(`
      create schema shop;
      create schema copies;
      create table shop."Par.ent" (
        id int primary key, name text, data bytea, doc json, total numeric, tags text[],
        twice numeric generated always as (total * 2) stored, no bigint generated always as identity);
      create table shop.child (
        a int, b text, parent int references shop."Par.ent", note text default 'none', primary key (b, a) deferrable);
      create table shop.counted (
        id bigint generated always as identity primary key, body jsonb, at timestamptz, span interval, flag boolean)`);
    await audit("enable", "--schema", "shop");
    const random = chance(seed);
    for (let number = 0; number < transactions; number++) {
      boundaries.push(await write(database.sql, number, random));
    }
  });

  it("writes SQL that carries any state into any later one", async () => {
    const random = chance(seed + 1);
    for (let pair = 0; pair < 60; pair++) {
      const from = random(transactions - 1);
      const to = from + 1 + random(transactions - from - 1);
      const { stdout } = await audit("diff", "--all", "-o", "sql", ...span(from, to));
      expect({ from, to, faults: await afterScripts(database.sql, from, [[stdout, to]]) }).toEqual({
        ...{ from, to, faults: [] },
      });
    }
  });

  it("comes to the net when each change is folded", async () => {
    const random = chance(seed + 2);
    const kinds = new Map<string, number>();
    for (let pair = 0; pair < 12; pair++) {
      const from = random(transactions - 1);
      const to = from + 1 + random(transactions - from - 1);
      const each = await audit.items<Item>("diff", "--all", "--each", ...span(from, to));
      const net = await audit.items<Item>("diff", "--all", ...span(from, to));
      for (const { kind, table, old_key } of net) {
        const what = `${table} ${old_key === null ? kind : "moved"}`;
        kinds.set(what, (kinds.get(what) ?? 0) + 1);
      }
      for (const table of ["Par.ent", "child", "counted"]) {
        const folded = netOf(each.filter((item) => item.table === table).map(changeOf));
        expect({ from, to, table, net: comparable(folded) }).toEqual({
          ...{ from, to, table },
          net: comparable(net.filter((item) => item.table === table).map(differenceOf)),
        });
      }
    }
    const all = ["inserted", "deleted", "changed", "moved"];
    const possible = ["Par.ent", "child", "counted"].flatMap((table) =>
      all.map((kind) => `${table} ${kind}`),
    );
    expect([...kinds.keys()].sort()).toEqual(possible.sort());
  });

  it("walks from state to state by what each transaction did", async () => {
    const scripts: [string, number][] = [];
    for (const { number, tx } of boundaries.slice(1)) {
      const [recorded] = await database.sql`select from audit.change where xid = ${tx}::text::xid8 limit 1`;
      const script = recorded ? (await audit("diff", "--tx", tx, "-o", "sql")).stdout : "";
      scripts.push([script, number]);
    }
    expect(await afterScripts(database.sql, 0, scripts)).toEqual([]);
  });

  const span = (from: number, to: number) => [
    ...["--from", boundaries[from]?.when ?? "", "--to", boundaries[to]?.when ?? ""],
  ];
});

/** One transaction of a few writes, then copies of all tables and the instant, or a tag in its place. */
async function write(sql: TestSql, number: number, random: (below: number) => number): Promise<Boundary> {
  const tx = await sql.begin(async (transaction) => {
    const [{ tx } = { tx: "" }] = await transaction<
      { tx: string }[]
    >`select pg_current_xact_id()::text as tx`;
    for (let count = number === 0 ? 30 : 1 + random(6); count > 0; count--)
      await transaction.unsafe(someWrite(random));
    return tx;
  });
  const copies = tables.map(({ name }) => `create table ${copyOf(name, number)} as table ${name}`).join("; ");
  await sql.unsafe(copies);
  if (number % 3 === 2) {
    await sql`select audit.tag(${`state-${number}`})`;
    return { number, tx, when: `tag:state-${number}` };
  }
  const [{ at } = { at: "" }] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return { number, tx, when: at };
}

const texts = [
  "E'it''s \\\\ two\\nlines'",
  "''",
  "null",
  "'null'",
  "U&'\\202e \\0001'",
  "'名前 🦉'",
  "'{\"a\": [1]}'",
];

function someWrite(random: (below: number) => number): string {
  const id = random(12);
  const other = random(12);
  const text = texts[random(texts.length)] ?? "null";
  const parent = `(select id from shop."Par.ent" order by id offset ${random(8)} limit 1)`;
  const unused = (key: number) => `not exists (select from shop.child where parent = ${key})`;
  const writes = [
    `insert into shop."Par.ent" (id, name, data, doc, total, tags)
     select id, ${text}, '\\x00${id % 10}f', '{"n":  ${id}, "n": 2}', id + 0.50, array[${text}, null] from generate_series(${id}, ${id + 2}) as id
     on conflict (id) do update set name = excluded.name, total = excluded.total`,
    `update shop."Par.ent" set total = total * 10.0, tags = null where id >= ${id}`,
    `update shop."Par.ent" set doc = '[1,  ${id}]', data = data || '\\x5c27' where id = ${id}`,
    `update shop."Par.ent" set id = ${other} where id = ${id} and ${unused(id)} and not exists (select from shop."Par.ent" where id = ${other})`,
    `update shop.child set parent = ${parent} where parent = ${id};
     delete from shop."Par.ent" where id = ${id} and ${unused(id)}`,
    `insert into shop.child select a, 'k"' || a % 3, ${parent}, ${text} from generate_series(${id}, ${id + 3}) as series (a)
     where not exists (select from shop.child where child.a = series.a)`,
    `update shop.child set a = 12 - a where b = 'k"${other % 3}'`,
    `update shop.child set note = ${text} where a <= ${id}`,
    `delete from shop.child where a = ${id}`,
    `insert into shop.counted (body, at, span, flag) values ('{"n": ${id}.00}', '2020-01-${10 + id} 10:00+02', '-1 day 02:00', ${id % 2 === 0})`,
    `update shop.counted set id = default where id % 5 = ${id % 5}`,
    `update shop.counted set body = 'null', flag = not flag, span = span * 2 where id % 4 = ${id % 4}`,
    `delete from shop.counted where id % 7 = ${id % 7}`,
    other < 3 ? "truncate shop.child" : `delete from shop.child where a = ${other}`,
  ];
  return writes[random(writes.length)] ?? "";
}

/** Runs scripts over the state copied at a boundary; tells where the tables differ from the copies each has to come to. */
async function afterScripts(
  sql: TestSql,
  start: number,
  scripts: readonly (readonly [script: string, to: number])[],
): Promise<string[]> {
  const done = new Error("rolled back");
  const faults: string[] = [];
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`truncate ${tables.map(({ name }) => name).join(", ")}`);
      for (const { name, columns } of tables)
        await transaction.unsafe(
          `insert into ${name} (${columns}) overriding system value select ${columns} from ${copyOf(name, start)}`,
        );
      for (const [script, to] of scripts) {
        await transaction.unsafe(script.replace(/^begin;$/m, "").replace(/^commit;$/m, "")).catch((error) => {
          throw new Error(`${error.message} in\n${script}`);
        });
        await transaction.unsafe(`set constraints all immediate; ${fixedSettings}`);
        for (const { name } of tables) {
          const rows = (source: string) => `select r::text as line from ${source} as r`;
          const [one, other] = [rows(name), rows(copyOf(name, to))];
          const found = await transaction.unsafe<{ line: string }[]>(
            `(select '+' || line as line from (${one} except all ${other}) as more) union all (select '-' || line from (${other} except all ${one}) as less)`,
          );
          faults.push(...found.map(({ line }) => `${name} at ${to}: ${line}`));
        }
      }
      throw done;
    });
  } catch (error) {
    if (error !== done) throw error;
  }
  return faults;
}

/** The change that an item of --each shows. */
function changeOf(item: Item): NetChange {
  const op = item.kind === "inserted" ? "insert" : item.kind === "deleted" ? "delete" : "update";
  return { op, key: item.key, oldKey: item.old_key, old: item.old, new: item.new };
}

function differenceOf({ kind, key, old_key, old, new: after }: Item): RowDifference {
  if (kind === "inserted") return { kind, key, new: after ?? {} };
  if (kind === "deleted") return { kind, key, old: old ?? {} };
  return { kind, key, oldKey: old_key ?? undefined, old: old ?? {}, new: after ?? {} };
}

/** Of changed rows the columns that differ, and all in one order. */
function comparable(differences: readonly RowDifference[]): unknown[] {
  return differences
    .map((difference) => {
      if (difference.kind !== "changed") return { ...difference };
      const { kind, key, oldKey, old, new: after } = difference;
      const changed = Object.keys(old).filter((column) => old[column] !== after[column]);
      const only = (image: Image) => Object.fromEntries(changed.map((column) => [column, image[column]]));
      return { kind, key, oldKey, old: only(old), new: only(after) };
    })
    .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
