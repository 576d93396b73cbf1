import { beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { type Change, captures } from "./capture.ts";

describe.each(captures)("--statement, %s", (_capture, open) => {
  const database = open();
  const audit = auditOf(database);

  beforeEach(async () => {
    await database.sql.unsafe("drop table if exists item; create table item (id int primary key, note text)");
  });

  const contexts = async () => (await audit.items<Change>("history", "item")).map(({ context }) => context);

  it("keeps the text of the client's statement for each operation, without values that are bound", async () => {
    expect((await audit("enable", "item", "--statement")).stdout).toContain("with the statement's text");
    const { sql } = database;
    await sql`insert into item values (${1}, ${"bound value"})`;
    await sql.unsafe("update item set note = 'written value' -- why");
    await sql`delete from item where note = ${"written value"}`;
    await sql.unsafe("do $$ begin insert into item values (2); end $$");
    await sql.unsafe("truncate item");
    const told = await contexts();
    expect(told).toEqual([
      { statement: "insert into item values ($1, $2)" },
      { statement: "update item set note = 'written value' -- why" },
      { statement: "delete from item where note = $1" },
      { statement: "do $$ begin insert into item values (2); end $$" },
      { statement: "truncate item" },
    ]);
    expect(JSON.stringify(told)).not.toContain("bound value");
  });

  it("stands beside the application's own context, whatever that is", async () => {
    await audit("enable", "item", "--statement");
    for (const [id, context] of ['{"reason": "ticket"}', "no json", "[1]", ""].entries()) {
      await database.sql.begin(async (sql) => {
        await sql`select set_config('audit.context', ${context}, true)`;
        await sql.unsafe(`insert into item values (${id})`);
      });
    }
    expect(await contexts()).toEqual([
      { reason: "ticket", statement: "insert into item values (0)" },
      { unparsed: "no json", statement: "insert into item values (1)" },
      { unparsed: "[1]", statement: "insert into item values (2)" },
      { statement: "insert into item values (3)" },
    ]);
  });

  it("is cut at 10,000 characters", async () => {
    await audit("enable", "item", "--statement");
    const statement = `insert into item values (1, '${"é".repeat(20_000)}')`;
    await database.sql.unsafe(statement);
    expect(await contexts()).toEqual([{ statement: statement.slice(0, 10_000) }]);
  });

  it.each([
    ["--exclude", "note"],
    ["--redact", "note"],
    ["--only", "note"],
    ["--exclude", "*_token"],
  ])("is refused beside %s %s, unless it is accepted", async (flag, columns) => {
    const enable = ["enable", "item", "--statement", flag, columns];
    const { code, stdout, stderr } = await audit.run(enable);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("public.item: the text of a statement may hold the very values");
    expect(stderr).toContain("--statement-anyway");
    await audit(...enable, "--statement-anyway");
    await database.sql.unsafe("insert into item values (1, 'x')");
    expect(await contexts()).toEqual([{ statement: "insert into item values (1, 'x')" }]);
    // What was accepted once need not be accepted again, until more is withheld.
    await audit("enable", "item", "--images", "full");
    expect((await audit.run(["enable", "item", "--redact", "note"])).code).toBe(2);
  });

  it("ends with --no-statement", async () => {
    await audit("enable", "item", "--statement");
    await audit("enable", "item");
    await database.sql.unsafe("insert into item values (1)");
    await audit("enable", "item", "--no-statement");
    await database.sql.unsafe("insert into item values (2)");
    expect(await contexts()).toEqual([{ statement: "insert into item values (1)" }, null]);
  });
});
