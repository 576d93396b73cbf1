import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

const audit = (...args: string[]) => runCli([...args, "--database-url", database.url, "--tz", "UTC"]);
const json = async (...args: string[]) => JSON.parse((await audit(...args, "--json")).stdout);

beforeAll(async () => {
  await database.sql`create table account (id int primary key, balance int)`;
  expect((await runCli(["enable", "account", "--database-url", database.url])).code).toBe(0);
});

describe("audit tag and tags", () => {
  it("names the present, lists it, reads by it, and forgets it", async () => {
    await database.sql`insert into account values (1, 10)`;
    const set = await audit("tag", "before-import", "--note", "price list\u001b[31m");
    expect(set.code).toBe(0);
    expect(set.stdout).toMatch(
      /^Tag before-import is set: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00, exact to the commit\./,
    );
    await database.sql`update account set balance = 11`;

    const past = await audit("at-time", "tag:before-import", "account");
    expect(past.stdout).toBe("id  balance\n1   10\n");
    expect(past.stderr).toMatch(/^as of .* \(UTC\), exact\n/);
    expect((await json("diff", "account", "--from", "tag:before-import")).items).toEqual([
      expect.objectContaining({ kind: "changed", key: "1" }),
    ]);
    expect((await json("history", "account", "--since", "tag:before-import")).items).toMatchObject([
      { op: "update", new: { balance: "11" } },
    ]);
    expect((await json("history", "account", "--until", "tag:before-import")).items).toMatchObject([
      { op: "insert" },
    ]);

    const [tag] = (await json("tags")).items;
    expect(tag).toEqual({
      name: "before-import",
      at: expect.stringMatching(/^\d{4}-.*\+00:00$/),
      db_user: expect.any(String),
      note: "price list\u001b[31m",
      id: expect.stringMatching(/^\d+$/),
      snapshot: expect.stringMatching(/^\d+:\d+:/),
    });
    expect((await audit("tags")).stdout).toContain("price list\\x1b[31m");

    const gone = await audit("tag", "before-import", "--delete");
    expect(gone).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Tag before-import of .* is forgotten\.\n$/),
    });
    expect(await audit("tags")).toMatchObject({
      code: 0,
      stderr: "There is no tag. Set one with: audit tag <name>\n",
    });
    const operations = await database.sql<{ kind: string }[]>`
      select kind from audit.operation where kind in ('tag', 'untag') order by id`;
    expect(operations.map(({ kind }) => kind)).toEqual(["tag", "untag"]);
  });

  it("changes nothing with --dry-run, and prints what would run", async () => {
    const { code, stdout } = await audit("tag", "dry", "--note", "it's", "--dry-run");
    expect(code).toBe(0);
    expect((await json("tags")).items).toEqual([]);
    await database.sql.reserve().then(async (session) => {
      await session.unsafe(stdout);
      session.release();
    });
    expect((await json("tags")).items).toMatchObject([{ name: "dry", note: "it's" }]);
    await audit("tag", "dry", "--delete");
  });

  it("refuses a name that is taken (5), a tag that is not there (2) and a name that cannot be one (2)", async () => {
    await audit("tag", "taken");
    expect(await audit("tag", "taken")).toMatchObject({ code: 5, stdout: "" });
    expect(await audit("tag", "nothing", "--delete")).toMatchObject({ code: 2, stdout: "" });
    expect(await audit("at-time", "tag:takn", "account")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no tag "takn". Did you mean "taken"?'),
    });
    expect(await audit("tag", "two words")).toMatchObject({ code: 2, stderr: expect.stringContaining("^") });
  });
});

describe("tx:, before:tx: and change:", () => {
  it("stand for when a transaction was done, right before that, and when a change's transaction was", async () => {
    await database.sql`truncate account`;
    await database.sql`insert into account values (1, 1)`;
    await database.sql.begin(async (sql) => {
      await sql`update account set balance = 2`;
      await sql`update account set balance = 3`;
    });
    await database.sql`update account set balance = 4`;
    const changes = (await json("history", "account", "--op", "update")).items;
    const [first, second] = changes.slice(-3);
    expect(first.tx).toBe(second.tx);
    const balanceAt = async (when: string) => (await json("at-time", when, "account", "1")).items;
    expect(await balanceAt(`tx:${first.tx}`)).toEqual([{ id: "1", balance: "3" }]);
    expect(await balanceAt(`before:tx:${first.tx}`)).toEqual([{ id: "1", balance: "1" }]);
    expect(await balanceAt(`change:${first.id}`)).toEqual([{ id: "1", balance: "3" }]);
    expect((await audit("at-time", `change:${first.id}`, "account")).stderr).toContain(
      `note: Change ${first.id} was done with its transaction, ${first.tx}.\n`,
    );
  });

  it.each([
    ["tx:1", /No change of transaction 1 is recorded/],
    ["change:999999", /There is no change 999999 in the log/],
  ])("refuse what the log does not know: %s", async (when, message) => {
    expect(await audit("at-time", when, "account")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message),
    });
  });
});
