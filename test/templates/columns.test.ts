import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registered } from "../helpers/registered.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe("create schema app");
});

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists app.person cascade;
    create table app.person (
      id int primary key, name text, api_token text, "Odd.Token" text, a100_ text, a100x text,
      shown text generated always as (upper(name)) stored,
      hidden text generated always as (lower(api_token)) stored
    );`);
});

/** The image of the table's one row, by the expression that this SQL text makes. */
async function imageBy(table: string, expression: string): Promise<Record<string, unknown>> {
  const [written] = await database.sql.unsafe<{ it: string }[]>(`select ${expression} as it`);
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select (${written?.it})::text as it from ${table} as live`,
  );
  return JSON.parse(row?.it ?? "");
}

/** How the triggers make an image. */
function recorded(table: string, excluded: number[] = []): Promise<Record<string, unknown>> {
  const entry = registered(table, { excluded });
  return imageBy(
    table,
    `audit._image_expression(${entry}, audit._names_expression(${entry}), audit._texts_expression(${entry}, 'live.'), null)`,
  );
}

/** How rows of the past are compared. */
function compared(table: string, excluded: number[] = []): Promise<Record<string, unknown>> {
  return imageBy(
    table,
    `audit._row_image_expression('${table}'::regclass, '{${excluded}}'::smallint[], 'live.')`,
  );
}

describe.each([
  ["_image_expression", recorded],
  ["_row_image_expression", compared],
])("%s", (_, imageOf) => {
  it("holds every column under its name", async () => {
    await database.sql.unsafe(`insert into app.person (id, name, "Odd.Token") values (1, 'Ada', 'x')`);
    expect(await imageOf("app.person")).toEqual({
      id: "1",
      name: "Ada",
      api_token: null,
      "Odd.Token": "x",
      a100_: null,
      a100x: null,
      shown: "ADA",
      hidden: null,
    });
  });

  it("leaves excluded columns out altogether", async () => {
    await database.sql.unsafe("insert into app.person (id) values (1)");
    expect(Object.keys(await imageOf("app.person", [1, 2, 3, 4, 5, 6, 8]))).toEqual(["shown"]);
  });

  it("is an empty object where every column is excluded, or none is there", async () => {
    await database.sql.unsafe(
      "drop table if exists app.bare; create table app.bare (); insert into app.bare default values",
    );
    expect(await imageOf("app.bare")).toEqual({});
  });

  it("holds more columns than a function takes arguments", async () => {
    const columns = Array.from({ length: 250 }, (_, index) => `c${index} int default ${index}`);
    await database.sql.unsafe(
      `drop table if exists app.wide; create table app.wide (${columns.join(", ")}); insert into app.wide default values`,
    );
    const image = await imageOf("app.wide");
    expect(Object.keys(image)).toHaveLength(250);
    expect(image).toMatchObject({ c0: "0", c39: "39", c40: "40", c249: "249" });
  });

  it.each([
    "x",
    "row",
    "new",
    "old",
    "user",
    "__proto__",
    "a.b",
    'say "hi"',
    "it's",
    "100%s",
    "%1$s",
    "line\nbreak",
    "ünï",
  ])("holds a column called %j", async (name) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    await database.sql.unsafe(`
        drop table if exists app.named;
        create table app.named (${quoted} text);
        insert into app.named values ('kept')`);
    expect(Object.entries(await imageOf("app.named"))).toEqual([[name, "kept"]]);
  });

  it("passes over columns that were dropped", async () => {
    await database.sql.unsafe(
      "insert into app.person (id) values (1); alter table app.person drop column name cascade",
    );
    expect(Object.keys(await imageOf("app.person"))).not.toContain("name");
    expect(Object.keys(await imageOf("app.person"))).not.toContainEqual(expect.stringMatching(/dropped/));
  });
});

describe("_image_expression with marks", () => {
  it("adds them to what is recorded", async () => {
    await database.sql.unsafe("insert into app.person (id, api_token) values (1, 'secret')");
    const entry = registered("app.person", { excluded: [2, 4, 5, 6, 7], redacted: [3, 8] });
    const image = await imageBy(
      "app.person",
      `audit._image_expression(${entry}, audit._names_expression(${entry}), audit._texts_expression(${entry}, 'live.'),
        quote_literal(audit._marks('app.person'::regclass, '{3,8}')) || '::jsonb')`,
    );
    expect(image).toEqual({ id: "1", api_token: { redacted: true }, hidden: { redacted: true } });
  });
});

describe("_recorded_columns", () => {
  it("come as jsonb keeps its keys, by length and then by bytes, so that an image need not be sorted", async () => {
    const entry = registered("app.person", { excluded: [7], redacted: [8] });
    const rows = await database.sql.unsafe<{ name: string }[]>(
      `select name from audit._recorded_columns(${entry}) order by place`,
    );
    const names = rows.map(({ name }) => name);
    expect(names).toEqual(["id", "name", "a100_", "a100x", "Odd.Token", "api_token"]);
    const [row] = await database.sql<{ it: string }[]>`
      select jsonb_object(${names}::text[], ${names}::text[])::text as it`;
    expect(Object.keys(JSON.parse(row?.it ?? ""))).toEqual(names);
  });
});

async function fingerprint(table = "app.person"): Promise<string> {
  const [row] = await database.sql<{ it: string }[]>`select audit._fingerprint(${table}::regclass) as it`;
  return row?.it ?? "";
}

describe("_fingerprint", () => {
  it.each([
    ["a column added", "alter table app.person add email text"],
    ["a column dropped", "alter table app.person drop a100x"],
    ["a column renamed", "alter table app.person rename a100x to other"],
    ["another type", "alter table app.person alter a100x type varchar"],
    [
      "another length",
      "alter table app.person alter a100x type varchar(9); alter table app.person alter a100x type varchar(8)",
    ],
    ["another collation", `alter table app.person alter a100x type text collate "C"`],
  ])("changes with %s", async (_, statement) => {
    const before = await fingerprint();
    await database.sql.unsafe(statement);
    expect(await fingerprint()).not.toBe(before);
  });

  it.each([
    ["a default", "alter table app.person alter name set default 'x'"],
    ["NOT NULL", "alter table app.person alter name set not null"],
    ["an index", "create index on app.person (name)"],
    [
      "another name of the table",
      "alter table app.person rename to human; alter table app.human rename to person",
    ],
  ])("does not change with %s", async (_, statement) => {
    const before = await fingerprint();
    await database.sql.unsafe(statement);
    expect(await fingerprint()).toBe(before);
  });

  it("is that of the root for a partition whose columns lie in another order", async () => {
    await database.sql.unsafe(`
      create table app.root (id int, region text, total numeric(9, 2)) partition by list (region);
      create table app.leaf (gone int, total numeric(9, 2), region text, id int);
      alter table app.leaf drop gone;
      alter table app.root attach partition app.leaf default`);
    expect(await fingerprint("app.leaf")).toBe(await fingerprint("app.root"));
  });
});
