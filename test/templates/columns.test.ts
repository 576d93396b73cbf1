import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
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

/** The attribute numbers, read back as the names of columns. */
async function excluded(numbers: number[], globs: string[] = []): Promise<string[]> {
  const rows = await database.sql<{ name: string }[]>`
    select attname as name
    from pg_attribute
    where attrelid = 'app.person'::regclass
      and attnum = any (audit._excluded_columns('app.person'::regclass, ${numbers}::smallint[], ${globs}::text[]))
    order by attnum`;
  return rows.map(({ name }) => name);
}

describe("_excluded_columns", () => {
  it("is empty where nothing is excluded", async () => {
    expect(await excluded([])).toEqual([]);
    const [row] = await database.sql`
      select audit._excluded_columns('app.person'::regclass, '{}', '{}')::text as it`;
    expect(row?.it).toBe("{}");
  });

  it("takes attribute numbers as they are", async () => {
    expect(await excluded([4])).toEqual(["Odd.Token"]);
  });

  it("takes along what is generated from an excluded column", async () => {
    expect(await excluded([3])).toEqual(["api_token", "hidden"]);
    expect(await excluded([2])).toEqual(["name", "shown"]);
  });

  it("matches globs over the whole name, in the name's own case", async () => {
    expect(await excluded([], ["*_token"])).toEqual(["api_token", "hidden"]);
    expect(await excluded([], ["*Token"])).toEqual(["Odd.Token"]);
    expect(await excluded([], ["api"])).toEqual([]);
    expect(await excluded([], ["*"])).toHaveLength(8);
  });

  it("takes ? for one character, and _ and % for themselves", async () => {
    expect(await excluded([], ["a100_"])).toEqual(["a100_"]);
    expect(await excluded([], ["a100?"])).toEqual(["a100_", "a100x"]);
    expect(await excluded([], ["%"])).toEqual([]);
    expect(await excluded([], ["a100\\_"])).toEqual([]);
  });

  it("names a column once that is excluded for two reasons", async () => {
    const [row] = await database.sql`
      select audit._excluded_columns('app.person'::regclass, '{3}', '{api*}')::text as it`;
    expect(row?.it).toBe("{3,8}");
  });

  it("forgets a column that was dropped", async () => {
    await database.sql.unsafe('alter table app.person drop column "Odd.Token"');
    expect(await excluded([4])).toEqual([]);
  });

  it.runIf(inject("postgresMajor") >= 18)(
    "leaves out what is generated virtually: triggers never see it",
    async () => {
      await database.sql.unsafe(
        "alter table app.person add virtual text generated always as (name || '!') virtual",
      );
      expect(await excluded([])).toEqual(["virtual"]);
    },
  );
});

/** The image of the table's one row. */
async function imageOf(table: string, numbers: number[] = []): Promise<Record<string, unknown>> {
  const [written] = await database.sql<{ it: string }[]>`
    select audit._image_expression(${table}::regclass, ${numbers}::smallint[], 'live.') as it`;
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select (${written?.it})::text as it from ${table} as live`,
  );
  return JSON.parse(row?.it ?? "");
}

describe("_image_expression", () => {
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
    await database.sql.unsafe("create table app.bare (); insert into app.bare default values");
    expect(await imageOf("app.bare")).toEqual({});
  });

  it("holds more columns than a function takes arguments", async () => {
    const columns = Array.from({ length: 250 }, (_, index) => `c${index} int default ${index}`);
    await database.sql.unsafe(
      `create table app.wide (${columns.join(", ")}); insert into app.wide default values`,
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
