import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema app;
    create type app.mood as enum ('good');
    create type app.pair as (a int, at timestamptz);
    create type app.span as range (subtype = timestamptz);
    create domain app.whole as int;
    create domain app.moment as timestamptz`);
});

beforeEach(async () => {
  await database.sql.unsafe("drop table if exists app.typed");
});

const path = "search_path = pg_catalog, pg_temp";
const zone = "timezone = 'UTC'";
const date = "datestyle = 'ISO, YMD'";
const interval = "intervalstyle = 'postgres'";
const bytes = "bytea_output = 'hex'";
const digits = "extra_float_digits = 1";
const money = "lc_monetary = 'C'";
const all = [
  zone,
  date,
  interval,
  bytes,
  digits,
  money,
  "xmloption = 'content'",
  "quote_all_identifiers = off",
];
const strings = "standard_conforming_strings = on";

async function pinned(parses = false): Promise<string[]> {
  const [row] = await database.sql<{ it: string }[]>`
    select audit._pinned_settings('app.typed'::regclass, ${parses}) as it`;
  return (row?.it ?? "").split("\n").map((line) => line.replace(/^set /, ""));
}

/** What is pinned for a table that has columns of these types. */
async function pinnedFor(...types: string[]): Promise<string[]> {
  const columns = types.map((type, index) => `c${index} ${type}`).join(", ");
  await database.sql.unsafe(`create table app.typed (${columns})`);
  const [first, ...others] = await pinned();
  expect(first).toBe(path);
  return others;
}

describe("_pinned_settings", () => {
  it.each([
    ...["boolean", "smallint", "int", "bigint", "numeric(9,2)", "text", "varchar(9)", "char(5)", "name"],
    ...['"char"', "uuid", "oid", "json", "jsonb", "jsonpath", "inet", "cidr", "macaddr", "macaddr8"],
    ...["bit(3)", "varbit", "tid", "xid", "xid8", "pg_lsn", "time", "tsvector", "tsquery"],
    ...["app.mood", "app.mood[]", "int[]", "text[][]", "oidvector"],
  ])("are the path alone for %s, whose text no setting changes", async (type) => {
    expect(await pinnedFor(type)).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["timestamptz", [zone, date]],
    ["timestamp", [date]],
    ["date", [date]],
    ["interval", [interval]],
    ["bytea", [bytes]],
    ["real", [digits]],
    ["double precision", [digits]],
    ["money", [money]],
    ["timestamptz[]", [zone, date]],
    ["interval[][]", [interval]],
    ["float8[]", [digits]],
  ])("pin for %s just what its text depends on", async (type, settings) => {
    expect(await pinnedFor(type)).toEqual(settings);
  });

  it.each([
    ...["timetz", "xml", "regclass", "regtype[]", "box", "point", "int4range", "tstzrange", "tstzmultirange"],
    ...["app.pair", "app.pair[]", "app.span", "app.whole", "app.moment", "app.moment[]"],
  ])("pin all for %s, of which less is known", async (type) => {
    expect(await pinnedFor(type)).toEqual(all);
  });

  it("pin what several columns need, each once and in one order", async () => {
    expect(await pinnedFor("money", "date", "int", "timestamptz", "date")).toEqual([zone, date, money]);
  });

  it("pin all for one strange column among others", async () => {
    expect(await pinnedFor("int", "box", "date")).toEqual(all);
  });

  it("do not take a type of somebody's for the built-in one it is called like", async () => {
    await database.sql.unsafe(
      'create type app."int4" as (a timestamptz); create type app.date as (a interval)',
    );
    expect(await pinnedFor("app.int4")).toEqual(all);
    await database.sql.unsafe("drop table app.typed");
    expect(await pinnedFor("app.date")).toEqual(all);
  });

  it("take a fixed-length type that has elements for itself, not for an array of them", async () => {
    expect(await pinnedFor("name", "lseg")).toEqual(all);
  });

  it("forget columns that were dropped", async () => {
    await pinnedFor("int", "box", "date");
    await database.sql.unsafe("alter table app.typed drop c1");
    expect(await pinned()).toEqual([path, date]);
  });

  it("pin all, and how strings are read, where statements are made and parsed at run time", async () => {
    await pinnedFor("int");
    expect(await pinned(true)).toEqual([path, ...all, strings]);
    await database.sql.unsafe("alter table app.typed drop c0");
    expect(await pinned(true)).toEqual([path, ...all, strings]);
    expect(await pinned()).toEqual([path]);
  });
});

describe("the session of the application", () => {
  it("changes no text of a type for which nothing is pinned", async () => {
    const hostile = [
      "set local timezone = 'Asia/Kathmandu'",
      "set local datestyle = 'SQL, DMY'",
      "set local intervalstyle = 'iso_8601'",
      "set local bytea_output = 'escape'",
      "set local extra_float_digits = -15",
      "set local xmloption = 'document'",
      "set local quote_all_identifiers = on",
      "set local standard_conforming_strings = off",
    ].join("; ");
    const values = `true, 1::int2, 1::int4, 1::int8, 1.10::numeric, 't'::text, 'v'::varchar, 'c'::char(3), 'n'::name,
      'c'::"char", '00000000-0000-0000-0000-000000000001'::uuid, 1::oid, '{"a": 1.10}'::json, '{"a": 1.10}'::jsonb,
      '$.a'::jsonpath, '10.0.0.1/8'::inet, '10.0.0.0/8'::cidr, '08:00:2b:01:02:03'::macaddr,
      '08:00:2b:01:02:03:04:05'::macaddr8, b'101', b'101'::varbit, '(1,2)'::tid, '1'::xid, '1'::xid8, '0/1'::pg_lsn,
      '10:00:00.5'::time, 'a:1 b'::tsvector, 'a & b'::tsquery, 'good'::app.mood`;
    const texts = async (settings: string) =>
      database.sql.begin(async (sql) => {
        await sql.unsafe(settings);
        const [row] = await sql.unsafe<{ it: string }[]>(`select row(${values})::text as it`);
        return row?.it;
      });
    expect(await texts(hostile)).toBe(await texts("select"));
  });
});
