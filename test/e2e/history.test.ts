import fc from "fast-check";
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

  it("as a naive reading of all changes has it", async () => {
    type Part = readonly [args: readonly string[], test: (item: Item) => boolean];
    const changed = (column: string) => (item: Item) => {
      const [before, after] = [item.old?.[column], item.new?.[column]];
      if (item.op !== "update") return before !== undefined || after !== undefined;
      if (item.new !== null && after === undefined) return before !== undefined && item.old_key === null;
      return before !== after || (typeof before === "object" && before !== null);
    };
    const oneOf = (...parts: Part[]) => fc.option(fc.constantFrom(...parts), { nil: undefined });
    const middle = all[4];
    const parts = fc.tuple(
      oneOf(
        ...["ada", "ida", "postgres", "nobody"].map(
          (name): Part => [["--actor", name], (item) => (item.actor ?? item.db_user) === name],
        ),
      ),
      oneOf(
        ...["insert", "update", "delete", "update,delete"].map(
          (ops): Part => [["--op", ops], ({ op }) => ops.split(",").includes(op)],
        ),
      ),
      oneOf(
        ...["id", "name", "price", "secret", "note"].map(
          (column): Part => [["--column", column], changed(column)],
        ),
      ),
      oneOf(
        [["--since", middle?.at ?? ""], ({ at }) => at >= (middle?.at ?? "")],
        [["--until", middle?.at ?? ""], ({ at }) => at <= (middle?.at ?? "")],
        [["--range", `${middle?.at}..`], ({ at }) => at > (middle?.at ?? "")],
        [
          ["--range", `${all[1]?.at}..${middle?.at}`],
          ({ at }) => at > (all[1]?.at ?? "") && at <= (middle?.at ?? ""),
        ],
      ),
      oneOf(
        [["--where", "new ->> 'price' is not null"], (item) => typeof item.new?.price === "string"],
        [["--where", "id % 2 = 0"], ({ id }) => Number(id) % 2 === 0],
        [["--context", "reason=raise"], ({ context }) => context?.reason === "raise"],
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        parts,
        fc.option(fc.integer({ min: 1, max: 12 })),
        fc.boolean(),
        async (chosen, limit, reverse) => {
          const used = chosen.filter((part) => part !== undefined);
          const args = [...used.flatMap(([flags]) => flags), ...(reverse ? ["--reverse"] : [])];
          if (limit !== null) args.push("--limit", String(limit));
          const fitting = ids(all.filter((item) => used.every(([, test]) => test(item)))).slice(
            -(limit ?? 99),
          );
          expect(ids(await audit.items<Item>("history", "item", ...args))).toEqual(
            reverse ? fitting.toReversed() : fitting,
          );
        },
      ),
      { numRuns: 40 },
    );
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

describe("columns that were renamed, dropped and added anew", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env: { LANG: "C" } });

  beforeAll(async () => {
    const { sql } = database;
    await sql.unsafe(
      `create table person (id int primary key, email text, "Hair ""o"".\n" text, score numeric(10,2))`,
    );
    await audit("enable", "person");
    await sql.unsafe(`insert into person values (1, 'a@x', 'red', 3.5)`);
    await sql.unsafe(`alter table person rename email to mail`);
    await sql.unsafe(`alter table person rename "Hair ""o"".\n" to hair`);
    await sql.unsafe(`update person set hair = 'blue', score = 10`);
    await sql.unsafe(`alter table person drop column hair`);
    await sql.unsafe(`update person set mail = 'b@x'`);
    await sql.unsafe(`alter table person add column hair text`);
    await sql.unsafe(`update person set hair = 'green', score = null`);
    await sql.unsafe(`update person set score = 7.25`);
  });

  const images = (items: readonly Item[]) => items.map(({ old, new: after }) => [old, after]);

  it("goes by present names, and by the former ones on request", async () => {
    expect(images(await audit.items<Item>("history", "person", "1"))).toEqual([
      [null, { id: "1", mail: "a@x", "hair (dropped)": "red", score: "3.50" }],
      [
        { "hair (dropped)": "red", score: "3.50" },
        { "hair (dropped)": "blue", score: "10.00" },
      ],
      [{ mail: "a@x" }, { mail: "b@x" }],
      [
        { score: "10.00", hair: null },
        { score: null, hair: "green" },
      ],
      [{ score: null }, { score: "7.25" }],
    ]);
    const [first] = await audit.items<Item>("history", "person", "--schema", "then", "--limit", "9");
    expect(first?.new).toEqual({ id: "1", email: "a@x", 'Hair "o".\n': "red", score: "3.50" });
  });

  it("marks the dropped one for people, in the table's order", async () => {
    const { stdout } = await audit("history", "person", "1", "--range", "..now");
    const [, ...lines] = stdout.split("\n");
    expect(lines.filter((line) => line.startsWith("  "))).toEqual([
      "  id              1",
      "  mail            a@x",
      "  hair (dropped)  red",
      "  score           3.50",
      "  hair (dropped)  red → blue",
      "  score           3.50 → 10.00",
      "  mail  a@x → b@x",
      "  score  10.00 → null",
      "  hair   null → green",
      "  score  null → 7.25",
    ]);
  });

  it("finds changes by present, former and quoted names, and shows these columns only", async () => {
    const ops = async (...args: string[]) =>
      (await audit.items<Item>("history", "person", ...args)).map(({ op, new: after }) => [
        op,
        ...Object.values(after ?? {}),
      ]);
    const mails = [
      ["insert", "1", "a@x", "red", "3.50"],
      ["update", "b@x"],
    ];
    const sorted = (rows: unknown[][]) => rows.map(([op, ...values]) => [op, ...values.sort()]);
    expect(sorted(await ops("--column", "mail"))).toEqual(sorted(mails));
    expect(sorted(await ops("--column", "EMAIL"))).toEqual(sorted(mails));
    expect(await ops("--column", '"Hair ""o"".\n"')).toHaveLength(2);
    expect(await ops("--column", "hair")).toHaveLength(3);
    expect(await ops("--column", "hair,mail")).toHaveLength(4);
    const { stdout } = await audit("history", "person", "--column", "mail");
    expect(stdout.split("\n").filter((line) => line.startsWith("  "))).toEqual([
      "  mail  a@x",
      "  mail  a@x → b@x",
    ]);
  });

  it("draws a number over time, or gives its values", async () => {
    const points = await audit.items<{ value: string | null }>("history", "person", "1", "--plot", "score");
    expect(points.map(({ value }) => value)).toEqual(["3.50", "10.00", null, "7.25"]);
    expect(Object.keys(points[0] ?? {})).toEqual(["at", "value", "tx"]);
    const { stdout } = await audit("history", "person", "1", "--plot", "score");
    expect(stdout).toMatch(/^score of public\.person 1\nleast 3\.50, greatest 10\.00, last 7\.25\n10\.00 \|/);
    expect(stdout).not.toMatch(/[^\n -~]/);
    const refused = async (...args: string[]) => {
      const { code, stderr } = await audit.run(["history", "person", ...args]);
      return `${code} ${stderr.split("\n")[0]}`;
    };
    expect(await refused("1", "--plot", "mail")).toBe(
      "2 error: Column mail of public.person is of type text, and only numbers can be drawn.",
    );
    expect(await refused("--plot", "score")).toBe(
      "2 error: --plot draws the history of one row, and none is named.",
    );
    expect(await refused("1", "--plot", "scor")).toBe(
      '2 error: public.person has no column "scor". Did you mean "score"?',
    );
  });

  it("tells the columns of a dropped table as they were last", async () => {
    await database.sql.unsafe("create table gone (id int primary key, a text, b text)");
    await audit("enable", "gone");
    await database.sql.unsafe(`
      insert into gone values (1, 'x', 'y');
      alter table gone drop column a;
      alter table gone rename b to a;
      drop table gone`);
    const [item] = await audit.items<Item>("history", "gone");
    expect(item?.new).toEqual({ id: "1", "a (dropped)": "x", a: "y" });
  });
});
