import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { type Registered, registered } from "../helpers/registered.ts";
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

/** What the function gives, read back as the names of columns. */
async function columnsOf(call: string): Promise<string[]> {
  const rows = await database.sql.unsafe<{ name: string }[]>(`
    select attname as name
    from pg_attribute
    where attrelid = 'app.person'::regclass and attnum = any (${call})
    order by attnum`);
  return rows.map(({ name }) => name);
}

const leftOut = (settings: Registered = {}) =>
  columnsOf(`audit._left_out(${registered("app.person", { key_columns: [1], ...settings })})`);

async function listed(settings: Registered): Promise<string | undefined> {
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select audit._left_out(${registered("app.person", settings)})::text as it`,
  );
  return row?.it;
}

describe("_left_out, of what is excluded,", () => {
  it("is empty where nothing is", async () => {
    expect(await listed({})).toBe("{}");
  });

  it("takes attribute numbers as they are", async () => {
    expect(await leftOut({ exclude_columns: [4] })).toEqual(["Odd.Token"]);
  });

  it("takes along what is generated from an excluded column", async () => {
    expect(await leftOut({ exclude_columns: [3] })).toEqual(["api_token", "hidden"]);
    expect(await leftOut({ exclude_columns: [2] })).toEqual(["name", "shown"]);
  });

  it("matches globs over the whole name, in the name's own case", async () => {
    expect(await leftOut({ exclude_globs: ["*_token"] })).toEqual(["api_token", "hidden"]);
    expect(await leftOut({ exclude_globs: ["*Token"] })).toEqual(["Odd.Token"]);
    expect(await leftOut({ exclude_globs: ["api"] })).toEqual([]);
    // all but the key
    expect(await leftOut({ exclude_globs: ["*"] })).toHaveLength(7);
  });

  it("names a column once that is excluded for two reasons, in the table's order", async () => {
    expect(await listed({ exclude_columns: [8, 3], exclude_globs: ["api*", "a*n"] })).toBe("{3,8}");
  });

  it("forgets a column that was dropped", async () => {
    await database.sql.unsafe('alter table app.person drop column "Odd.Token"');
    expect(await leftOut({ exclude_columns: [4], exclude_globs: ["*"] })).not.toContainEqual(
      expect.stringMatching(/dropped|Odd/),
    );
    expect(await listed({ exclude_columns: [4] })).toBe("{}");
  });

  it("takes in a column added later whose name matches", async () => {
    await database.sql.unsafe("alter table app.person add new_token text");
    expect(await leftOut({ exclude_globs: ["*_token"] })).toEqual(["api_token", "hidden", "new_token"]);
  });

  it("leaves redacted columns to others", async () => {
    expect(await leftOut({ redact_columns: [3], redact_globs: ["a*"] })).toEqual([]);
  });
});

describe("_left_out, with --only,", () => {
  it("is all but what was named and the key", async () => {
    expect(await leftOut({ only_columns: [2, 4] })).toEqual([
      "api_token",
      "a100_",
      "a100x",
      "shown",
      "hidden",
    ]);
    expect(await leftOut({ only_columns: [], key_columns: [1, 2] })).not.toContain("name");
  });

  it("is all but what matches a glob and the key", async () => {
    expect(await leftOut({ only_columns: [], only_globs: ["a100?"] })).toEqual([
      "name",
      "api_token",
      "Odd.Token",
      "shown",
      "hidden",
    ]);
  });

  it("is nothing where no restriction is in force, whatever globs are left of one", async () => {
    expect(await leftOut({ only_columns: null, only_globs: ["nothing"] })).toEqual([]);
  });

  it("is a column added later that was not named", async () => {
    await database.sql.unsafe("alter table app.person add a1000 text, add more text");
    expect(await leftOut({ only_columns: [2], only_globs: ["a100*"] })).toEqual([
      "api_token",
      "Odd.Token",
      "shown",
      "hidden",
      "more",
    ]);
  });

  it("gives way to what is excluded", async () => {
    expect(await leftOut({ only_columns: [2, 3], exclude_columns: [3] })).toContain("api_token");
    expect(await leftOut({ only_columns: [3, 8], exclude_columns: [3] })).toContain("hidden");
  });
});

describe("_left_out", () => {
  it.runIf(inject("postgresMajor") >= 18)(
    "is what is generated virtually, too: triggers never see it",
    async () => {
      await database.sql.unsafe(
        "alter table app.person add virtual text generated always as (name || '!') virtual",
      );
      expect(await leftOut()).toEqual(["virtual"]);
      expect(await leftOut({ only_columns: [9] })).toContain("virtual");
    },
  );
});

describe("_left_out, and the key,", () => {
  it.each<[string, Registered]>([
    ["a glob that its new name matches", { exclude_globs: ["i*"] }],
    ["a name, of a column that has become the key", { exclude_columns: [1] }],
  ])("spares it from %s: a past without its key is no past", async (_, settings) => {
    expect(await leftOut(settings)).not.toContain("id");
  });
});

describe("_made_from", () => {
  const madeFrom = (...sources: number[]) =>
    columnsOf(`audit._made_from('app.person'::regclass, '{${sources}}')`);

  it("is what is generated from one of the columns, and not the columns", async () => {
    expect(await madeFrom()).toEqual([]);
    expect(await madeFrom(2)).toEqual(["shown"]);
    expect(await madeFrom(2, 3)).toEqual(["shown", "hidden"]);
    expect(await madeFrom(1, 4, 5, 6)).toEqual([]);
  });

  it("is a column that is made from several, for each of them", async () => {
    await database.sql.unsafe(
      "alter table app.person add joined text generated always as (name || a100x) stored",
    );
    expect(await madeFrom(2)).toEqual(["shown", "joined"]);
    expect(await madeFrom(6)).toEqual(["joined"]);
  });

  it("is no column whose default has a function in it: only what is generated", async () => {
    await database.sql.unsafe(`
      create sequence if not exists app.numbers;
      alter table app.person add numbered int default nextval('app.numbers')`);
    expect(await madeFrom(1, 2, 3, 4, 5, 6, 7, 8)).toEqual(["shown", "hidden"]);
  });

  it("knows a table's columns from those of another", async () => {
    await database.sql.unsafe(`
      drop table if exists app.other;
      create table app.other (a int, b text, c text generated always as (b) stored)`);
    const [row] = await database.sql`select audit._made_from('app.other'::regclass, '{2}')::text as it`;
    expect(row?.it).toBe("{3}");
  });
});
