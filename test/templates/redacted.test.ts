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
      id int primary key, name text, api_token text, "it's ""Odd""" text, mood text,
      shown text generated always as (upper(name)) stored,
      hidden text generated always as (lower(api_token)) stored
    );`);
});

async function coveredUp(settings: Registered): Promise<string | undefined> {
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select audit._covered_up(${registered("app.person", { key_columns: [1], ...settings })})::text as it`,
  );
  return row?.it;
}

describe("_covered_up", () => {
  it.each<[string, Registered, string]>([
    ["empty where nothing is redacted", {}, "{}"],
    ["what was named", { redact_columns: [5, 2] }, "{2,5,6}"],
    ["what is generated from it", { redact_columns: [3] }, "{3,7}"],
    ["what a glob matches", { redact_globs: ["*_token", "moo?"] }, "{3,5,7}"],
    ["each once, for whatever reasons", { redact_columns: [3, 7], redact_globs: ["api*", "h*"] }, "{3,7}"],
    ["never the key, whatever a glob matches", { redact_columns: [1], redact_globs: ["i?"] }, "{}"],
    ["all but the key", { redact_globs: ["*"] }, "{2,3,4,5,6,7}"],
    ["any column where there is no key", { key_columns: [], redact_columns: [1] }, "{1}"],
    ["not what is excluded", { redact_globs: ["*"], exclude_columns: [3] }, "{2,4,5,6}"],
    ["not what --only leaves out", { redact_columns: [2, 3], only_columns: [2] }, "{2}"],
    ["nothing of a restriction by itself", { only_columns: [2], only_globs: ["*"] }, "{}"],
  ])("is %s", async (_, settings, expected) => {
    expect(await coveredUp(settings)).toBe(expected);
  });

  it("takes in a column added later whose name matches, and forgets what was dropped", async () => {
    await database.sql.unsafe("alter table app.person add new_token text, drop column mood");
    expect(await coveredUp({ redact_columns: [5], redact_globs: ["*_token"] })).toBe("{3,7,8}");
  });

  it.runIf(inject("postgresMajor") >= 18)(
    "is nothing that is generated virtually, which is left out",
    async () => {
      await database.sql.unsafe(
        "alter table app.person add virtual text generated always as (api_token) virtual",
      );
      expect(await coveredUp({ redact_columns: [3, 8] })).toBe("{3,7}");
    },
  );
});

describe("_marks", () => {
  async function marks(columns: string): Promise<unknown> {
    const [row] = await database.sql<{ it: string | null }[]>`
      select audit._marks('app.person'::regclass, ${columns}::smallint[])::text as it`;
    return row?.it === null ? null : JSON.parse(row?.it ?? "");
  }

  it("is null where nothing is redacted", async () => {
    expect(await marks("{}")).toBeNull();
  });

  it("has a mark under each name, just as it is written", async () => {
    expect(await marks("{3,4}")).toEqual({
      api_token: { redacted: true },
      'it\'s "Odd"': { redacted: true },
    });
  });

  it("is no value that could be recorded: those are texts", async () => {
    const [row] = await database.sql<{ type: string }[]>`
      select jsonb_typeof(audit._marks('app.person'::regclass, '{3}') -> 'api_token') as type`;
    expect(row?.type).toBe("object");
  });
});
