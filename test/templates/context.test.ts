import { describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

async function contextOf(given: string | null): Promise<unknown> {
  const [row] = await database.sql<{ it: string | null }[]>`select audit._context(${given}) as it`;
  return row?.it;
}

describe("_context", () => {
  it.each([[null], [""]])("is nothing where nothing was set: %j", async (given) => {
    expect(await contextOf(given)).toBeNull();
  });

  it("is the object the application gave", async () => {
    expect(await contextOf('{"reason": "typo", "ids": [1, 2]}')).toBe('{"ids": [1, 2], "reason": "typo"}');
  });

  it.each([
    ["words", "closing the books"],
    ["half an object", '{"reason": '],
    ["an array", "[1, 2]"],
    ["a number", "42"],
    ["a text in quotes", '"reason"'],
    ["JSON null", "null"],
    ["blanks", "  "],
    ["an object with a character jsonb cannot hold", '{"a": "\\u0000"}'],
    ["an object with a number jsonb cannot hold", '{"a": 1e999999}'],
    ["an object nested too deep", '{"a":'.repeat(20_000)],
  ])("keeps %s as text instead of breaking the write", async (_, given) => {
    expect(JSON.parse(String(await contextOf(given)))).toEqual({ unparsed: given });
  });
});

describe("_difference", () => {
  it.each<[string, string, string[], string]>([
    ["nothing under no name", '{"a": "1", "b": null}', [], "{}"],
    ["what stands under a name", '{"a": "1", "b": "2"}', ["b"], '{"b": "2"}'],
    ["null where that stands there", '{"a": "1", "b": null}', ["b"], '{"b": null}'],
    ["not what is missing", '{"a": "1"}', ["a", "b"], '{"a": "1"}'],
    ["marks as they are", '{"a": {"redacted": true}, "b": "2"}', ["a"], '{"a": {"redacted": true}}'],
    ["all of an image under all its names", '{"a": "1", "b": "2"}', ["b", "a"], '{"a": "1", "b": "2"}'],
    ["nothing of an empty image", "{}", ["a"], "{}"],
    ["names just as they are written", '{"A": "1", "a b": "2"}', ["a", "a b"], '{"a b": "2"}'],
  ])("has %s", async (_, image, names, expected) => {
    const [row] = await database.sql`select audit._difference(${image}::jsonb, ${names}::text[])::text as it`;
    expect(row?.it).toBe(expected);
  });
});

describe("_overlay", () => {
  async function overlay(...images: string[]): Promise<unknown> {
    const [row] = await database.sql`
      select audit._overlay(image order by ordinality)::text as it
      from unnest(${images}::jsonb[]) with ordinality as given (image, ordinality)`;
    return row?.it;
  }

  it("takes of each column the value that comes last", async () => {
    expect(await overlay('{"a": "1", "b": "1"}', '{"b": "2"}', '{"c": "3"}')).toBe(
      '{"a": "1", "b": "2", "c": "3"}',
    );
  });

  it("lets null win over a value", async () => {
    expect(await overlay('{"a": "1"}', '{"a": null}')).toBe('{"a": null}');
  });

  it("is an empty image of nothing", async () => {
    expect(await overlay()).toBe("{}");
  });
});

describe("_origin_expressions", () => {
  /** Who and why, as a change made in this session would record it. */
  function origin(...settings: string[]): Promise<Record<string, unknown>> {
    return originOf(false, settings);
  }

  async function originOf(statement: boolean, settings: string[]): Promise<Record<string, unknown>> {
    const sql = await database.sql.reserve();
    try {
      await sql.unsafe("begin");
      for (const setting of settings) await sql.unsafe(setting);
      const [written] = await sql.unsafe(`select audit._origin_expressions(${statement}, false) as it`);
      const [row] = await sql.unsafe(
        `select actor, db_user, role, application, context::text from (select ${written?.it}) as made (actor, db_user, role, application, addr, context)`,
      );
      return row ?? {};
    } finally {
      await sql.unsafe("rollback");
      sql.release();
    }
  }

  it("knows the session user, and nothing that was not claimed", async () => {
    const [session] = await database.sql`select session_user as name`;
    expect(await origin("set local application_name = ''")).toEqual({
      actor: null,
      db_user: session?.name,
      role: null,
      application: null,
      context: null,
    });
  });

  it("takes what the application claims", async () => {
    expect(
      await origin("set local audit.actor = 'app:7'", `set local audit.context = '{"reason": "typo"}'`),
    ).toMatchObject({ actor: "app:7", context: '{"reason": "typo"}' });
  });

  it("takes an empty claim for none", async () => {
    expect(await origin("set local audit.actor = ''", "set local audit.context = ''")).toMatchObject({
      actor: null,
      context: null,
    });
  });

  it("tells the role in force", async () => {
    expect(await origin("set local role audit_reader", "set local application_name = 'shop'")).toMatchObject({
      role: "audit_reader",
      application: "shop",
    });
  });
});

describe("_origin_expressions with the statement", () => {
  it("adds what the client sent to what the application said", async () => {
    expect(await contextBeside("", "")).toEqual({
      statement: expect.stringMatching(/^\n *select [\s\S]* -- sent $/),
    });
    expect(await contextBeside(`{"reason": "typo"}`, "")).toMatchObject({
      reason: "typo",
      statement: expect.stringMatching(/ -- sent $/),
    });
    expect(await contextBeside("words", "")).toMatchObject({
      unparsed: "words",
      statement: expect.anything(),
    });
  });

  it("has the last word on what it is called", async () => {
    expect(await contextBeside('{"statement": "claimed"}', "")).toEqual({
      statement: expect.stringMatching(/ -- sent $/),
    });
  });

  it("keeps ten thousand characters of it at most", async () => {
    const { statement } = await contextBeside("", "ü".repeat(20_000));
    expect(String(statement)).toHaveLength(10_000);
    expect(String(statement)).toMatch(/ü$/);
  });

  async function contextBeside(claimed: string, remark: string): Promise<Record<string, unknown>> {
    const [written] = await database.sql`select audit._origin_expressions(true, false) as it`;
    return database.sql.begin(async (sql) => {
      await sql`select set_config('audit.context', ${claimed}, true)`;
      const [row] = await sql.unsafe<{ context: string }[]>(`
        select made.context::text from (select ${written?.it}) as made (actor, db_user, role, application, addr, context) -- sent ${remark}`);
      return JSON.parse(row?.context ?? "null");
    });
  }
});

describe("_contradiction", () => {
  it("ends the reading with a state of our own, naming table, row and count", async () => {
    await expect(database.sql`select audit._contradiction('public.users', '42', 2)`).rejects.toMatchObject({
      code: "UA004",
      message: "the changes of public.users do not explain its row 42: counting back gives 2 rows",
      hint: expect.stringMatching("audit trigger did not run"),
    });
  });
});
