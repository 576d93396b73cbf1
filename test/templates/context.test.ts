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
  it.each([
    ["nothing where the images are the same", '{"a": "1", "b": null}', '{"a": "1", "b": null}', "{}"],
    ["what is another value", '{"a": "1", "b": "2"}', '{"a": "1", "b": "3"}', '{"b": "2"}'],
    ["what is missing in the other", '{"a": "1", "b": null}', '{"a": "1"}', '{"b": null}'],
    ["not what only the other has", '{"a": "1"}', '{"a": "1", "b": "2"}', "{}"],
    ["null apart from the text null", '{"a": null}', '{"a": "null"}', '{"a": null}'],
    ["a number apart from its text", '{"a": 1}', '{"a": "1"}', '{"a": 1}'],
    ["all of an image beside an empty one", '{"a": "1"}', "{}", '{"a": "1"}'],
  ])("has %s", async (_, image, other, expected) => {
    const [row] = await database.sql`select audit._difference(${image}::jsonb, ${other}::jsonb)::text as it`;
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
  async function origin(...settings: string[]): Promise<Record<string, unknown>> {
    const sql = await database.sql.reserve();
    try {
      await sql.unsafe("begin");
      for (const setting of settings) await sql.unsafe(setting);
      const [written] = await sql.unsafe("select audit._origin_expressions() as it");
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

describe("_contradiction", () => {
  it("ends the reading with a state of our own, naming table, row and count", async () => {
    await expect(database.sql`select audit._contradiction('public.users', '42', 2)`).rejects.toMatchObject({
      code: "UA004",
      message: "the changes of public.users do not explain its row 42: counting back gives 2 rows",
      hint: expect.stringMatching("audit trigger did not run"),
    });
  });
});
