import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Item {
  readonly id: string;
  readonly tx: string;
  readonly op: string;
  readonly table: string;
  readonly key: string | null;
  readonly old_key: string | null;
}

interface Shown extends Item {
  readonly transaction: { readonly tx: string; readonly changes: number; readonly place: number };
  readonly before: Item | null;
  readonly after: Item | null;
}

describe("audit show", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  const long = `${"lorem ipsum ".repeat(200)}end`;
  /** Every change of users, oldest first. */
  let users: Item[] = [];

  const write = (statements: string) =>
    database.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', ${"ana\x1b[31m"}, true)`;
      await sql`select set_config('audit.context', ${JSON.stringify({ reason: "a\x07 reason", "k\x1b": { n: 1 } })}, true)`;
      await sql.unsafe(statements);
    });

  beforeAll(async () => {
    await database.sql.unsafe(
      `create table users (id integer primary key, name text, bio text);
       create table pair (a integer, b text, "odd\x1b" text, primary key (a, b));
       create table bare (n integer)`,
    );
    await audit("enable", "users", "pair");
    await audit("enable", "bare", "--no-key");
    await write(
      "insert into users values (1, 'Ada', null), (2, null, 'x'); insert into pair values (1, 'b\nc', e'v\\x1b')",
    );
    await write(`update users set bio = '${long}' where id = 1; update users set id = 7 where id = 1`);
    await write("update users set name = 'Ida' where id = 7; insert into users values (1, 'other', null)");
    await write("delete from users where id = 7; insert into bare values (1), (2)");
    await write("truncate users");
    users = await audit.items<Item>("history", "users");
  });

  const show = async (id: string) => {
    const [item] = await audit.items<Shown>("show", id);
    return item;
  };

  it("tells where a change stands in its transaction and in the life of its row", async () => {
    const life = ["insert", "update", "update", "update", "delete"];
    const ada = users.filter(({ id, key, old_key }) => (key === "7" || old_key === "1" || key === "1") && id);
    const ids = ada.map(({ id }) => id);
    expect(ada.map(({ op }) => op)).toEqual([...life.slice(0, 4), "insert", "delete", "truncate"]);
    const [first = "", bio = "", moved = "", named = "", other = "", gone = "", emptied = ""] = ids;
    const neighbours = async (id: string) => {
      const item = await show(id);
      return [item?.before?.id ?? null, item?.after?.id ?? null];
    };
    expect(await neighbours(first)).toEqual([null, bio]);
    expect(await neighbours(bio)).toEqual([first, moved]);
    expect(await neighbours(moved)).toEqual([bio, named]);
    expect(await neighbours(named)).toEqual([moved, gone]);
    expect(await neighbours(gone)).toEqual([named, null]);
    // Another row under the same key.
    expect(await neighbours(other)).toEqual([moved, emptied]);
    expect(await show(moved)).toMatchObject({
      ...ada[2],
      transaction: { tx: ada[2]?.tx, changes: 2, place: 2 },
      before: { id: bio, op: "update" },
    });
    expect(await show(`change:${first}`)).toEqual(await show(first));
  });

  it("knows no neighbours where there is no key", async () => {
    const [change] = await audit.items<Item>("history", "bare");
    expect(await show(change?.id ?? "")).toMatchObject({
      op: "insert",
      key: null,
      before: null,
      after: null,
      transaction: { changes: 3, place: 2 },
    });
  });

  it("shows every value whole, and is harmless", async () => {
    const bio = users.find(({ op }) => op === "update");
    const { stdout } = await audit("show", bio?.id ?? "");
    expect(stdout).toContain(`\n  bio  null → ${long}\n`);
    expect(stdout).toContain("\n  actor        ana\\x1b[31m\n");
    expect(stdout).toContain('\n  reason       a\\x07 reason\n  context      k\\x1b: {"n":1}\n');
    const [pair] = await audit.items<Item>("history", "pair");
    const shown = await audit("show", pair?.id ?? "");
    expect(shown.stdout).toContain("  odd\\x1b  v\\x1b\n");
    expect(stdout + shown.stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it("shows a transaction with all of its changes, across tables", async () => {
    const [first] = users;
    const { stdout } = await audit("show", `tx:${first?.tx}`, "--json");
    const { transaction, items } = JSON.parse(stdout) as { transaction: object; items: Item[] };
    expect(items.map(({ op, table, key }) => [op, table, key])).toEqual([
      ["insert", "users", "1"],
      ["insert", "users", "2"],
      ["insert", "pair", '["1", "b\\nc"]'],
    ]);
    const [entry] = await audit.items("log", "--until", `tx:${first?.tx}`);
    expect(transaction).toEqual(entry);
    const text = await audit("show", `tx:${first?.tx}`);
    expect(text.stdout).toMatch(/^\d{4}-.* {2}tx \d+ {2}ana\\x1b\[31m \(postgres\) {2}"a\\x07 reason"\n/);
    expect(text.stdout).toContain("\n\ninsert  public.users 1  change ");
    expect(text.stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it("narrows a transaction", async () => {
    const [, , moved] = users.filter(({ key, old_key }) => key === "7" || old_key === "1" || key === "1");
    const ops = async (...args: string[]) =>
      (await audit.items<Item>("show", `tx:${moved?.tx}`, ...args)).map(({ op, key }) => [op, key]);
    expect(await ops()).toEqual([
      ["update", "1"],
      ["update", "7"],
    ]);
    expect(await ops("--limit", "1")).toEqual([["update", "7"]]);
    expect(await ops("--column", "id")).toEqual([["update", "7"]]);
    expect(await ops("--op", "delete")).toEqual([]);
    const { stdout, stderr } = await audit("show", `tx:${moved?.tx}`, "--op", "delete");
    expect([stdout, stderr]).toEqual(["", `No change of transaction ${moved?.tx} fits.\n`]);
  });

  it("puts the changes that triggers brought out of order into the order of their effects", async () => {
    await database.sql.unsafe(`
      create table counted (id integer primary key, n integer);
      create function count_up() returns trigger language plpgsql as
        'begin if new.n < 3 then update counted set n = n + 1 where id = new.id; end if; return null; end';
      create trigger "0_first" after insert or update on counted for each row execute function count_up();
      create table aside (id integer primary key, n integer)`);
    await audit("enable", "counted", "aside");
    await database.sql.begin((sql) =>
      sql.unsafe(
        "insert into aside values (1, 0); insert into counted values (1, 1); update aside set n = 1",
      ),
    );
    const [last] = (await audit.items<Item>("history", "counted")).slice(-1);
    const items = await audit.items<Item & { new: { n: string } }>("show", `tx:${last?.tx}`);
    expect(items.map(({ table, op, new: image }) => `${table} ${op} ${image.n}`)).toEqual([
      "aside insert 0",
      "counted insert 1",
      "counted update 2",
      "counted update 3",
      "aside update 1",
    ]);
  });

  it("knows what there is not", async () => {
    expect(await audit.run(["show", "999999999"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        "error: There is no change 999999999 in the log.\nSee changes with their numbers: audit history <table>\n",
    });
    expect(await audit.run(["show", "tx:3"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        "error: No change of transaction 3 is recorded.\nSee the transactions of late with: audit log\n",
    });
    expect(await audit.run(["show", "1", "--op", "insert"])).toMatchObject({ code: 2, stdout: "" });
  });
});
