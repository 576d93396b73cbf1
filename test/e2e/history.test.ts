import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Item {
  readonly id: string;
  readonly tx: string;
  readonly at: string;
  readonly op: string;
  readonly key: string | null;
  readonly old_key: string | null;
  readonly old: Readonly<Record<string, unknown>> | null;
  readonly new: Readonly<Record<string, unknown>> | null;
  readonly actor: string | null;
  readonly db_user: string;
  readonly context: Readonly<Record<string, unknown>> | null;
}

describe.each(["changes", "full", "lean"] as const)("filters over %s images", (images) => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  let all: Item[] = [];

  beforeAll(async () => {
    await database.sql.unsafe(
      `create table item (id int primary key, name text, price numeric, secret text, note text)`,
    );
    await audit("enable", "item", "--images", images, "--redact", "secret");
    const write = (actor: string, context: object, statement: string) =>
      database.sql.begin(async (sql) => {
        await sql`select set_config('audit.actor', ${actor}, true), set_config('audit.context', ${JSON.stringify(context)}, true)`;
        await sql.unsafe(statement);
      });
    await write(
      "ada",
      { reason: "Import", request_id: "r=1" },
      `insert into item values (1, 'Loom', 10, 's1', null), (2, 'Card\x1b[31m', 20, null, 'x'), (3, 'null', null, 's3', '')`,
    );
    await write("ida", { reason: "raise", deep: { batch: 7 } }, "update item set price = price + 1");
    await write("ada", {}, "update item set name = 'LOOM', secret = 's2' where id = 1");
    await write("", { reason: "raise" }, "update item set id = 30 where id = 3");
    await write('o\'ne "two"\nthree', { request_id: "r=1", ok: true }, "delete from item where id = 2");
    await write("ada", {}, "update item set note = 'redacted' where id = 1");
    all = await audit.items<Item>("history", "item");
  });

  const ids = (items: readonly Item[]) => items.map(({ id }) => id);
  const fits = async (args: readonly string[], test: (item: Item) => boolean) => {
    const expected = ids(all.filter(test));
    expect(ids(await audit.items<Item>("history", "item", ...args))).toEqual(expected);
    expect(ids(await audit.items<Item>("history", "item", ...args, "--reverse"))).toEqual(
      [...expected].reverse(),
    );
    expect(ids(await audit.items<Item>("history", "item", ...args, "--limit", "2"))).toEqual(
      expected.slice(-2),
    );
    return expected.length;
  };

  it("by who, what and why", async () => {
    expect(all).toHaveLength(9);
    expect(await fits(["--actor", "ada"], ({ actor }) => actor === "ada")).toBe(5);
    expect(await fits(["--actor", "postgres"], ({ actor }) => actor === null)).toBe(1);
    expect(await fits(["--actor", 'o\'ne "two"\nthree'], ({ op }) => op === "delete")).toBe(1);
    expect(await fits(["--db-user", "postgres"], () => true)).toBe(9);
    expect(await fits(["--op", "delete,insert"], ({ op }) => op !== "update")).toBe(4);
    expect(await fits(["--context", "request_id=r=1"], ({ context }) => context?.request_id === "r=1")).toBe(
      4,
    );
    expect(
      await fits(
        ["--context", "request_id=r=1", "--context", "ok=true"],
        ({ context }) => context?.ok === true,
      ),
    ).toBe(1);
  });

  it("by the columns that changed", async () => {
    await fits(["--column", "price"], (item) => {
      if (item.op !== "update") return Object.hasOwn(item.new ?? item.old ?? {}, "price");
      if (item.old_key !== null) return images === "lean";
      return item.old?.price !== item.new?.price;
    });
    const secret = await audit.items<Item>("history", "item", "1", "--column", "secret");
    expect(secret.map(({ op }) => op)).toEqual(images === "lean" ? ["update"] : ["insert", "update"]);
    const { code, stderr } = await audit.run(["history", "item", "--column", "prize"]);
    expect({ code, stderr }).toMatchInlineSnapshot(`
      {
        "code": 2,
        "stderr": "error: No column is or was called "prize". Did you mean "price"?
      Its columns: id, name, price, secret, note.
      ",
      }
    `);
  });

  it("by a condition and by an expression", async () => {
    await fits(["--where", "old ->> 'note' = 'x' or id < 0 -- late"], ({ old }) => old?.note === "x");
    expect(await fits(["--where", "op = 'update' and key = '30'"], ({ key }) => key === "30")).toBe(1);
    expect(await fits(["--where", `change.table = 'item' and "table" = 'item'`], () => true)).toBe(9);
    await fits(["--grep", "^loom$"], (item) =>
      [item.old, item.new].some((image) => /^loom$/i.test(String(image?.name))),
    );
    expect(await fits(["--grep", "^7$"], ({ context }) => context?.deep !== undefined)).toBe(2);
    await fits(
      ["--grep", "redacted"],
      ({ new: after, old }) => after?.note === "redacted" || old?.note === "redacted",
    );
    await fits(["--grep", "two.*three"], ({ op }) => op === "delete");
  });

  it.each([
    ["true) or (true"],
    ["true] or array[true"],
    ["id = $1"],
    ["id"],
    ["op = 'x"],
    ["true /*"],
    ["true; drop table item"],
    ["count(*) > 0"],
    ["relation = 1"],
    ["select true"],
    ["true, true"],
    [""],
    ["key = '1' und"],
    ["'ö😀' = schluessel"],
  ])("refuses %j as a condition", async (condition) => {
    const { code, stdout, stderr } = await audit.run(["history", "item", "--where", condition]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("is not a condition we can use");
  });

  it("refuses what is no regular expression", async () => {
    const { code, stderr } = await audit.run(["history", "item", "--grep", "a("]);
    expect({ code, stderr }).toMatchInlineSnapshot(`
      {
        "code": 2,
        "stderr": "error: "a(" is not a regular expression: parentheses () not balanced.
      Write one as PostgreSQL has them (POSIX), such as 'ada|ida' or '^4711$'.
      ",
      }
    `);
  });
});
