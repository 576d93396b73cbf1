import { beforeAll, describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema app;
    create table app.one (id int primary key, note text);
    create collation app.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table app.word (word text collate app.anycase primary key);
    create table app.priced (price numeric primary key);
    create table app.coded (code char(4) primary key);
    create table app.pair (note text, b text, a int, primary key (a, b));
    create table app."Odd" ("a ""b"".c" int primary key);
  `);
});

/** The statement of one helper, over a table and its key in the order given. */
async function written(helper: string, table: string, columns: string[], ...rest: string[]): Promise<string> {
  const [row] = await database.sql<{ it: string }[]>`
    select ${database.sql.unsafe(`audit.${helper}`)}(${table}::regclass::oid, (
      select array_agg(attribute.attnum order by place.ordinality)
      from unnest(${columns}::text[]) with ordinality as place (name, ordinality)
      join pg_attribute as attribute on attribute.attrelid = ${table}::regclass and attribute.attname = place.name
    ), ${rest[0] ?? ""}) as it`;
  return row?.it ?? "";
}

async function read(query: string): Promise<unknown> {
  const [row] = await database.sql.unsafe(query);
  return row?.it;
}

/** The key's text of the one row that `values` makes. */
async function keyOf(table: string, columns: string[], values: string): Promise<unknown> {
  await database.sql.unsafe(`truncate ${table}; insert into ${table} ${values}`);
  return read(
    `select ${await written("_key_expression", table, columns, "live.")} as it from ${table} as live`,
  );
}

describe("_key_expression", () => {
  it("is the text of a single column", async () => {
    expect(await keyOf("app.one", ["id"], "values (42)")).toBe("42");
  });

  it("is a JSON array of texts for several, in key order and not in column order", async () => {
    expect(await keyOf("app.pair", ["a", "b"], "(a, b) values (7, 'x')")).toBe('["7", "x"]');
  });

  it("cannot be confused by separators in values", async () => {
    expect(await keyOf("app.pair", ["a", "b"], `(a, b) values (1, '", "2')`)).toBe('["1", "\\", \\"2"]');
  });

  it("keeps the scale of a numeric key", async () => {
    expect(await keyOf("app.priced", ["price"], "values (1.50)")).toBe("1.50");
  });

  it("keeps the blanks of a char(n) key", async () => {
    expect(await keyOf("app.coded", ["code"], "values ('ab')")).toBe("ab  ");
  });

  it("quotes odd column names", async () => {
    expect(await keyOf('app."Odd"', ['a "b".c'], "values (5)")).toBe("5");
  });

  it("follows a renamed key column", async () => {
    await database.sql.unsafe("alter table app.one rename id to number");
    expect(await written("_key_expression", "app.one", ["number"], "new.")).toBe("new.number::text");
    await database.sql.unsafe("alter table app.one rename number to id");
  });
});

/** The typed key columns that the key's text is turned back into. */
async function typed(table: string, columns: string[], key: string): Promise<string> {
  const expression = await written("_typed_key", table, columns, "touched");
  return JSON.stringify(
    (await database.sql.unsafe(`select ${expression} from (values ($1::text)) as touched (key)`, [key]))[0],
  );
}

describe("_typed_key", () => {
  it("turns the text of a single column back into its type", async () => {
    expect(await typed("app.one", ["id"], "42")).toBe('{"key_1":42}');
    expect(await typed("app.priced", ["price"], "1.50")).toBe('{"key_1":"1.50"}');
  });

  it("takes a JSON array apart, in key order", async () => {
    expect(await typed("app.pair", ["a", "b"], '["7", "x, \\"y\\""]')).toBe(
      '{"key_1":7,"key_2":"x, \\"y\\""}',
    );
  });

  it("keeps the length of a char(n) key", async () => {
    expect(await written("_typed_key", "app.coded", ["code"], "k")).toBe("(k.key)::character(4) as key_1");
  });
});

describe("_key_match", () => {
  /** The rows of the table that match the key. */
  async function matches(table: string, columns: string[], key: string): Promise<unknown> {
    const keyColumns = await written("_typed_key", table, columns, "given");
    const match = await written("_key_match", table, columns, "touched");
    return read(`
      select coalesce(string_agg(live::text, ' '), 'none') as it
      from (select given.key, ${keyColumns} from (values ('${key}'::text)) as given (key)) as touched
      join ${table} as live on ${match}`);
  }

  it("finds the row of a single column", async () => {
    await database.sql.unsafe("truncate app.one; insert into app.one values (1), (2)");
    expect(await matches("app.one", ["id"], "2")).toBe("(2,)");
  });

  it("finds the row of several columns", async () => {
    await database.sql.unsafe("truncate app.pair; insert into app.pair (a, b) values (1, 'x'), (1, 'y')");
    expect(await matches("app.pair", ["a", "b"], '["1", "y"]')).toBe("(,y,1)");
  });

  it("tells keys apart whose values are equal and whose texts are not", async () => {
    await database.sql.unsafe("truncate app.priced; insert into app.priced values (1.0)");
    expect(await matches("app.priced", ["price"], "1.0")).toBe("(1.0)");
    expect(await matches("app.priced", ["price"], "1.00")).toBe("none");
  });

  it("tells texts apart that the key's collation calls equal", async () => {
    await database.sql.unsafe("truncate app.word; insert into app.word values ('a')");
    expect(await matches("app.word", ["word"], "a")).toBe("(a)");
    expect(await matches("app.word", ["word"], "A")).toBe("none");
  });

  it("compares by value first, so that the table's own index serves", async () => {
    expect(await written("_key_match", "app.pair", ["a", "b"], "touched")).toMatch(
      /^touched\.key_1 = live\.a and touched\.key_2 = live\.b and \(touched\.key collate "C" = .*\) is true$/s,
    );
  });
});
