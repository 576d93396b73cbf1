import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema app;
    create type app.mood as enum ('good', 'bad');
    create type app.pair as (a int, b text);
    create domain app.whole as int;
    create domain app.name as text;
    create collation app.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table app.kinds (
      bare text, anycase text collate app.anycase, fixed char(5), sized varchar(9), posix text collate "C"
    );
    create function app.planted(app.mood) returns text language sql as 'select ''planted''';
    create cast (app.mood as text) with function app.planted(app.mood) as assignment;
  `);
});

async function valueExpression(type: string, expression = "c"): Promise<string> {
  const [row] = await database.sql<{ it: string }[]>`
    select audit._value_expression(${type}::regtype, ${expression}) as it`;
  return row?.it ?? "";
}

/** What an image would hold of the value, as JSON text. */
async function imageOf(type: string, value: string): Promise<string> {
  const expression = await valueExpression(type, "given.c");
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select jsonb_build_object('c', ${expression}) ->> 'c' as it, jsonb_typeof(jsonb_build_object('c', ${expression}) -> 'c') as type
     from (select ${value}::${type} as c) as given`,
  );
  return JSON.stringify(row);
}

describe("_value_expression", () => {
  it.each(["text", "varchar"])("leaves %s as it is", async (type) => {
    expect(await valueExpression(type)).toBe("c");
  });

  it.each([
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "date",
    "timestamptz",
    "uuid",
    "jsonb",
    "xml",
    "bytea",
    "integer[]",
  ])("writes %s as text by its output function", async (type) => {
    expect(await valueExpression(type)).toBe("c::text");
  });

  it.each(["character(5)", "inet", "app.mood", "app.pair", "app.whole", "app.mood[]"])(
    "keeps casts to text away from %s",
    async (type) => {
      expect(await valueExpression(type)).toBe("case when num_nulls(c) = 0 then format('%s', c) end");
    },
  );

  it("does not run a cast that somebody planted", async () => {
    expect(await imageOf("app.mood", "'good'")).toBe('{"it":"good","type":"string"}');
    const [cast] = await database.sql`select 'good'::app.mood::text as it`;
    expect(cast?.it).toBe("planted");
  });

  it.each([
    ["bigint", "9007199254740993", '{"it":"9007199254740993","type":"string"}'],
    ["numeric", "1.00", '{"it":"1.00","type":"string"}'],
    ["numeric", "'NaN'", '{"it":"NaN","type":"string"}'],
    ["integer", "-7", '{"it":"-7","type":"string"}'],
    ["boolean", "true", '{"it":"true","type":"string"}'],
    ["character(5)", "'ab'", '{"it":"ab   ","type":"string"}'],
    ["json", `'{"b":1,  "a":2,"b":3}'`, `{"it":"{\\"b\\":1,  \\"a\\":2,\\"b\\":3}","type":"string"}`],
    ["jsonb", "'null'", '{"it":"null","type":"string"}'],
    ["jsonb", "null", '{"it":null,"type":"null"}'],
    ["integer[]", "'[0:1]={1,2}'", '{"it":"[0:1]={1,2}","type":"string"}'],
    ["app.pair", "'(,)'", '{"it":"(,)","type":"string"}'],
    ["app.pair", "null", '{"it":null,"type":"null"}'],
  ])("keeps %s %s exactly", async (type, value, expected) => {
    expect(await imageOf(type, value)).toBe(expected);
  });
});

/** Whether the generated comparison calls two values different. */
async function differs(
  type: string,
  one: string,
  other: string,
  collation = "default",
): Promise<boolean | undefined> {
  const [written] = await database.sql<{ it: string }[]>`
    select audit._differs_expression(${type}::regtype,
      (select oid from pg_collation where collname = ${collation}), 'given.a', 'given.b') as it`;
  const [row] = await database.sql.unsafe<{ it: boolean }[]>(
    `select ${written?.it} as it from (select ${one}::${type} as a, ${other}::${type} as b) as given`,
  );
  return row?.it;
}

async function comparison(type: string, collation: string | null = null): Promise<string> {
  const [row] = await database.sql<{ it: string }[]>`
    select audit._differs_expression(${type}::regtype,
      coalesce((select oid from pg_collation where collname = ${collation}), 0), 'a', 'b') as it`;
  return row?.it ?? "";
}

describe("_differs_expression", () => {
  it.each(["integer", "bigint", "boolean", "date", "timestamptz", "uuid", "bytea", "oid", "money"])(
    "asks the = of %s, which means identical",
    async (type) => {
      expect(await comparison(type)).toBe("a is distinct from b");
    },
  );

  it("compares an enum by the function behind its =, which no cast of its owner's can make ambiguous", async () => {
    expect(await comparison("app.mood")).toBe("coalesce(enum_ne(a, b), num_nulls(a, b) = 1)");
  });

  it.each(["text", "varchar"])("asks the = of %s under a deterministic collation", async (type) => {
    expect(await comparison(type, "default")).toBe("a is distinct from b");
    expect(await comparison(type, "C")).toBe("a is distinct from b");
  });

  it("compares text under a collation that calls different texts equal as text", async () => {
    expect(await comparison("text", "anycase")).toBe('a collate "C" is distinct from b collate "C"');
  });

  it.each(["numeric", "double precision", "interval", "jsonb", "box", "integer[]", "numrange"])(
    "compares %s as text, for its = calls different values equal",
    async (type) => {
      expect(await comparison(type)).toBe("a::text is distinct from b::text");
    },
  );

  it.each(["json", "point", "app.pair", "app.whole", "character(5)"])(
    "compares %s as text, for it has no = that means identical",
    async (type) => {
      expect(await comparison(type, "default")).toMatch(/ is distinct from /);
      expect(await comparison(type, "default")).not.toBe("a is distinct from b");
    },
  );

  it.each([
    ["numeric", "1.0", "1.00"],
    ["double precision", "0", "'-0'"],
    ["interval", "'1 mon'", "'30 days'"],
    ["box", "'(0,0),(1,1)'", "'(5,5),(6,6)'"],
    ["jsonb", "'1.0'", "'1.00'"],
    ["jsonb", "'null'", "null"],
    ["json", `'{"a":1}'`, `'{"a": 1}'`],
    ["app.pair", "'(,)'", "null"],
    ["text", "'a'", "'A'"],
    ["text", "''", "null"],
    ["integer[]", "'{1,2}'", "'[0:1]={1,2}'"],
    ["app.mood", "'good'", "'bad'"],
    ["app.mood", "'good'", "null"],
    ["app.mood[]", "'{good}'", "'{NULL}'"],
  ])("sees %s change from %s to %s", async (type, one, other) => {
    expect(await differs(type, one, other)).toBe(true);
    expect(await differs(type, other, one)).toBe(true);
    expect(await differs(type, one, one)).toBe(false);
    expect(await differs(type, other, other)).toBe(false);
  });
});

it("records a change from a to A under a collation that calls them equal", async () => {
  await database.sql.unsafe("create table app.word (id int primary key, word text collate app.anycase)");
  expect(await runCli(["enable", "app.word"], { env: { DATABASE_URL: database.url } })).toMatchObject({
    code: 0,
  });
  await database.sql.unsafe("insert into app.word values (1, 'a'); update app.word set word = 'A'");
  const changes = await database.sql`select op::text, old::text, new::text from audit.history order by id`;
  expect(changes.map(({ op, old, new: after }) => [op, old, after])).toEqual([
    ["I", null, '{"id": "1", "word": "a"}'],
    ["U", '{"word": "a"}', '{"word": "A"}'],
  ]);
});
