import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

/** What a terminal obeys, but for the ends of our own lines. */
const control = /(?!\n)\p{Cc}/u;

/** A name or a value in which somebody hid commands for the terminal that will show it. */
const clear = "\x1b[2J";

const table = '"a\nb"';

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/** Ids of the row's changes, oldest first, and the transaction of the newest. */
let ids: string[] = [];
let tx = "";

beforeAll(async () => {
  const { sql } = database;
  await sql.unsafe(`
    create type "mo\x07od" as enum ('so\x1b', 'sad');
    create table ${table} (
      "k\r" int, "k.\x9b" text, "${clear}" text, "m\x07" "mo\x07od", "old\x1b" text, "soon\x1b" int default 1,
      primary key ("k\r", "k.\x9b"));
    create table "never\x1b" (id int);
    create table "gone\x1b" (id int primary key);
    create table "log\x1b" (n int)`);
  await audit("enable", table, '"gone\x1b"');
  await audit("enable", '"log\x1b"', "--no-key");
  const write = (statement: string) =>
    sql.begin(async (transaction) => {
      await transaction`select set_config('audit.actor', ${`ana${clear}`}, true)`;
      await transaction`select set_config('audit.context', ${JSON.stringify({ reason: `why${clear}`, "k\x1b": "\x9b" })}, true)`;
      await transaction.unsafe(statement);
    });
  await write(
    `insert into ${table} values (1, 'x\x1b', 'v${clear}', 'so\x1b', 'o\x1b', 1), (2, 'y', null, null, null, 1)`,
  );
  await audit("tag", "then", "--note", `note${clear}`);
  await write(`insert into "gone\x1b" values (1); insert into "log\x1b" values (1)`);
  await write(`update ${table} set "${clear}" = e'a\\x1b\\r\\nb', "m\x07" = 'sad' where "k\r" = 1`);
  await sql.unsafe(`
    alter table ${table} drop "old\x1b";
    alter table ${table} rename "soon\x1b" to "so\x1bon";
    alter table ${table} alter "m\x07" type text;
    alter table ${table} add "late\x1b" text;
    drop table "gone\x1b"`);
  await write(`update ${table} set "m\x07" = 'z\x1b' where "k\r" = 2; delete from ${table} where "k\r" = 2`);
  const changes = await audit.items<{ id: string; tx: string }>("history", table);
  ids = changes.map(({ id }) => id);
  tx = changes.at(-1)?.tx ?? "";
});

const key = ["1", "x\x1b"];
const forms = [
  [],
  ["--wide"],
  ["-o", "table"],
  ["-o", "csv"],
  ["-o", "markdown"],
  ["-o", "ndjson"],
  ["--json"],
];

/** Runs a command at a terminal and expects that nothing on it is obeyed. */
async function atTerminal(args: readonly string[]) {
  const result = await runCli([...args, "--database-url", database.url, "--tz", "UTC"], {
    outIsTTY: true,
    width: 160,
    env: { NO_COLOR: "1" },
  });
  // The lines of CSV end like that everywhere.
  const shown = args.includes("csv") ? result.stdout.replaceAll("\r\n", "\n") : result.stdout;
  expect(control.exec(shown + result.stderr)).toBeNull();
  return result;
}

describe("hostile names and values are written out at a terminal by", () => {
  it.each([
    ["history of a table", () => ["history", table], "\\x1b[2J"],
    ["history of a row", () => ["history", table, ...key], "\\x1b[2J"],
    ["history by a column", () => ["history", table, "--column", `"${clear}"`], "\\x1b[2J"],
    ["history as of then", () => ["history", table, "--schema", "then", "--verbose"], "old\\x1b"],
    ["history of a dropped table", () => ["history", '"gone\x1b"'], "ana\\x1b[2J"],
    ["log", () => ["log"], "a\\nb"],
    ["log of a table", () => ["log", table, "--column", `"${clear}"`], "a\\nb"],
    ["show of a change", () => ["show", ids[0] ?? ""], "old\\x1b (dropped)"],
    ["show of a transaction", () => ["show", `tx:${tx}`], "a\\nb"],
    ["diff", () => ["diff", table, "--from", "tag:then"], "\\x1b[2J"],
    ["diff of all tables", () => ["diff", "--all", "--from", "tag:then"], "a\\nb", 3],
    ["diff, each", () => ["diff", table, "--from", "tag:then", "--each"], "\\x1b[2J"],
    ["diff in numbers", () => ["diff", "--all", "--from", "tag:then", "--stat"], "a\\nb", 3],
    ["diff in short", () => ["diff", "--all", "--from", "tag:then", "--summary"], "a\\nb", 3],
    ["diff of a transaction", () => ["diff", "--tx", tx], "a\\nb"],
    ["at-time", () => ["at-time", "tag:then", table], "\\x1b[2J"],
    ["at-time of then", () => ["at-time", "tag:then", table, ...key, "--schema", "then"], "old\\x1b"],
    ["query", () => ["query", "--at", "tag:then", `select * from ${table}`], "late\\x1b"],
    [
      "query of today",
      () => ["query", "--at", "now", `select * from "never\x1b"`, "--present", '"never\x1b"'],
      "never\\x1b",
    ],
    ["blame", () => ["blame", table, ...key], "\\x1b[2J"],
    ["blame of a row that is gone", () => ["blame", table, "2", "y"], "a\\nb"],
    ["tags", () => ["tags"], "note\\x1b[2J"],
  ] as [string, () => string[], string, number?][])("%s", async (_what, args, told, expected = 0) => {
    for (const form of forms) {
      const { code, stdout, stderr } = await atTerminal([...args(), ...form]);
      expect({ form, code, stderr: code === expected ? "" : stderr }).toEqual({
        form,
        code: expected,
        stderr: "",
      });
      if (form.length === 0) expect(stdout + stderr).toContain(told);
    }
  });

  it("status", async () => {
    for (const form of [[], ["--json"]]) {
      expect(await atTerminal(["status", ...form])).toMatchObject({ code: 0 });
      expect(await atTerminal(["status", table, ...form])).toMatchObject({ code: 0 });
    }
  });

  it("diff as SQL", async () => {
    const { stdout } = await atTerminal(["diff", table, "--from", "tag:then", "-o", "sql"]);
    expect(stdout).toContain('update public.U&"a\\000ab" set U&"\\001b[2J" = ');
  });

  it.each([
    ["a table that was never audited", () => ["history", '"never\x1b"'], 3],
    ["a table that is not there", () => ["history", '"nev\x1ber"'], 2],
    ["a key with too few values", () => ["history", table, "1"], 2],
    ["half a key by name", () => ["history", table, "k\r=1"], 2],
    ["half a key given twice", () => ["blame", table, "k\r=1", "k\r=1"], 2],
    ["a table without a key", () => ["history", '"log\x1b"', "1"], 3],
    ["a column that is not there", () => ["history", table, "--column", '"\x1b[3J"'], 2],
    ["a column that cannot be drawn", () => ["history", table, ...key, "--plot", `"${clear}"`], 2],
    ["a row that was not named", () => ["history", table, "--plot", `"${clear}"`], 2],
    ["columns that are not there", () => ["at-time", "now", table, "--columns", '"\x1b[3J"'], 2],
    ["a condition", () => ["at-time", "now", table, "--where", `"\x1b[3J" = 'x\ny'`], 2],
    ["a condition of changes", () => ["history", table, "--where", '"\x1b[3J" = 1'], 2],
    ["a regular expression", () => ["history", table, "--grep", "(\x1b"], 2],
    ["a query of what is not audited", () => ["query", "--at", "now", 'select * from "never\x1b"'], 3],
    ["a query with a fault", () => ["query", "--at", "now", `select "\x1b[3J" from ${table}`], 2],
    ["an instant", () => ["at-time", "tag:\x1b", table], 2],
    ["a tag", () => ["tag", "--delete", "\x1b"], 2],
    ["a column to blame", () => ["blame", table, ...key, "--column", '"\x1b[3J"'], 2],
    ["a schema to compare", () => ["diff", "--schema", '"\x1b[3J"', "--from", "tag:then"], 2],
  ])("the refusal of %s", async (_what, args, code) => {
    for (const form of [[], ["--verbose"], ["--json"]]) {
      const result = await atTerminal([...args(), ...form]);
      expect(result).toMatchObject({ code, stdout: "" });
      expect(result.stderr).not.toContain("a\nb");
    }
  });
});
