import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { parseCsv } from "../helpers/parseCsv.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const hidden = { redacted: true };

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

/** Runs statements in one transaction; tells its number. */
async function inTransaction(sql: TestSql, ...statements: string[]): Promise<string> {
  return sql.begin(async (transaction) => {
    for (const statement of statements) await transaction.unsafe(statement);
    const [row] = await transaction<{ tx: string }[]>`select pg_current_xact_id()::text as tx`;
    return row?.tx ?? "";
  });
}

describe("diff of several tables", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  it("heads them in text, and names them in every item", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create schema "Sh.op\n";
      create table "Sh.op\n"."Ta""ble\x1b" ("a.b" int, "__proto__" text, "c\n" text, primary key ("__proto__", "a.b"));
      create table users (id int primary key, name text);
      create table never (id int primary key);
      create table log_only (note text);
      insert into users values (1, 'Ada'), (2, 'Bob')`);
    await audit("enable", '"Sh.op\n"."Ta""ble\x1b"');
    const early = await clock(sql);
    await audit("enable", "users");
    await audit("enable", "log_only", "--no-key");
    const from = await clock(sql);
    const tx = await inTransaction(
      sql,
      `insert into "Sh.op\n"."Ta""ble\x1b" values (1, 'k"', E'\x1b[31m')`,
      "update users set name = null where id = 1",
      "delete from users where id = 2",
      "insert into log_only values ('a'), ('a')",
    );
    const items = [
      {
        ...{ kind: "inserted", schema: "Sh.op\n", table: 'Ta"ble\x1b', key: '["k\\"", "1"]' },
        ...{ old_key: null, old: null },
        new: JSON.parse('{"a.b": "1", "__proto__": "k\\"", "c\\n": "\\u001b[31m"}'),
      },
      {
        ...{ kind: "changed", schema: "public", table: "users", key: "1", old_key: null },
        ...{ old: { id: "1", name: "Ada" }, new: { id: "1", name: null } },
      },
      {
        ...{ kind: "deleted", schema: "public", table: "users", key: "2", old_key: null },
        ...{ old: { id: "2", name: "Bob" }, new: null },
      },
    ];
    const all = await audit.run(["diff", "--all", "--from", from, "--json"]);
    expect(all.code).toBe(3);
    expect(all.stderr).toMatch(/note: public\.log_only is left out/);
    expect(JSON.parse(all.stdout).items).toEqual(items);
    expect(await audit.items("diff", "--schema", '"Sh.op\n"', "--from", from)).toEqual(items.slice(0, 1));
    expect((await audit.run(["diff", "--all", "--from", from])).stdout).toBe(
      [
        '"Sh.op\\n"."Ta""ble\\x1b"',
        '+ ["k\\"", "1"]  a.b=1  __proto__="k""  c\\n=\\x1b[31m',
        "",
        "public.users",
        "< 1  name=Ada",
        "> 1  name=null  (1 unchanged)",
        "- 2  id=2  name=Bob",
        "",
      ].join("\n"),
    );
    const { stdout: csv } = await audit("diff", "users", "--from", from, "-o", "csv");
    expect(parseCsv(csv)).toEqual([
      ["kind", "schema", "table", "key", "column", "old", "new"],
      ["changed", "public", "users", "1", "name", "Ada", null],
      ["deleted", "public", "users", "2", "id", "2", null],
      ["deleted", "public", "users", "2", "name", "Bob", null],
    ]);
    const { stdout: summary } = await audit("diff", "--schema", '"Sh.op\n"', "--from", from, "--summary");
    expect(summary).toBe('"Sh.op\\n"."Ta""ble\\x1b"  1 inserted\n1 table                  1 inserted\n');

    const before = await audit.run(["diff", "--schema", "public", "--from", early, "--summary"]);
    expect(before).toMatchObject({ code: 3, stdout: "" });
    expect(before.stderr).toMatch(/public\.users is left out/);
    const unknown = await audit.run(["diff", "--schema", "nowhere", "--from", from]);
    expect(unknown).toMatchObject({ code: 2, stdout: "" });

    const did = await audit.items("diff", "--tx", tx);
    expect(did).toMatchObject([
      items[0] ?? {},
      { kind: "changed", table: "users", key: "1", old: { name: "Ada" }, new: { name: null } },
      { kind: "deleted", table: "users", key: "2" },
      { kind: "inserted", table: "log_only", key: null, old: null, new: { note: "a" } },
      { kind: "inserted", table: "log_only", key: null, old: null, new: { note: "a" } },
    ]);
    expect(await audit.items("diff", "users", "2", "--tx", `tx:${tx}`)).toEqual(items.slice(2));
    const { stdout: script } = await audit("diff", "--tx", tx, "-o", "sql");
    expect(script).toContain("-- left out: it has no key");
    await sql`truncate users, log_only`;
    await sql.unsafe('truncate "Sh.op\n"."Ta""ble\x1b"; insert into users values (1, \'Ada\'), (2, \'Bob\')');
    await inTransaction(sql, script.replace(/^(begin|commit);$/gm, ""));
    expect(await sql`select * from users`).toEqual([{ id: 1, name: null }]);
    const lines = await sql.unsafe('select t::text as line from "Sh.op\n"."Ta""ble\x1b" as t');
    expect(lines).toEqual([{ line: '(1,"k""",\x1b[31m)' }]);
  });

  it("ends with 1 when there are differences, if asked", async () => {
    const { sql } = database;
    const from = await clock(sql);
    const differ = async (...args: string[]) =>
      (await audit.run(["diff", "users", "--from", from, "--exit-code", ...args])).code;
    expect([await differ(), await differ("--summary")]).toEqual([0, 0]);
    await sql`update users set name = 'x'`;
    for (const form of [[], ["--stat"], ["--json"], ["-o", "sql"], ["-o", "ndjson"]])
      expect(await differ(...form)).toBe(1);
    expect(await differ("99")).toBe(0);
  });
});

describe("diff of one table", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  it("shows that redacted columns were written, never what", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table accounts (id int primary key, name text, token text);
      insert into accounts values (1, 'Ada', 's3cret'), (2, 'Bob', 's3cret')`);
    await audit("enable", "accounts", "--redact", "token");
    const from = await clock(sql);
    const tx = await inTransaction(sql, "update accounts set token = 's3cret2' where id = 1");
    await sql`update accounts set name = 'Bea' where id = 2`;
    await sql`insert into accounts values (3, 'Cleo', 's3cret')`;
    const place = { schema: "public", table: "accounts", old_key: null };
    expect(await audit.items("diff", "accounts", "--from", from)).toEqual([
      {
        ...{ ...place, kind: "changed", key: "1" },
        old: { id: "1", name: "Ada", token: hidden },
        new: { id: "1", name: "Ada", token: hidden },
      },
      { ...place, kind: "changed", key: "2", old: { id: "2", name: "Bob" }, new: { id: "2", name: "Bea" } },
      { ...place, kind: "inserted", key: "3", old: null, new: { id: "3", name: "Cleo", token: hidden } },
    ]);
    expect(await audit.items("diff", "accounts", "--tx", tx)).toEqual([
      { ...place, kind: "changed", key: "1", old: { token: hidden }, new: { token: hidden } },
    ]);
    for (const form of [[], ["--each"], ["--stat"], ["-o", "sql"], ["-o", "csv"], ["--json"]]) {
      const { stdout, stderr } = await audit("diff", "accounts", "--from", from, ...form);
      expect(stdout).toContain("token");
      expect(stdout + stderr).not.toContain("s3cret");
    }
  });

  it("follows rows and columns that are called otherwise now", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table items (id int primary key, label text, gone text);
      insert into items values (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x')`);
    await audit("enable", "items");
    const from = await clock(sql);
    const tx = await inTransaction(
      sql,
      "update items set id = 10 where id = 1",
      "update items set label = 'B', gone = 'y' where id = 2",
      "delete from items where id = 3",
      "update items set id = 3 where id = 2",
      "insert into items values (1, 'new', null)",
    );
    await sql.unsafe("alter table items rename label to title; alter table items drop gone");
    await sql.unsafe("alter table items rename to things");
    const place = { schema: "public", table: "things" };
    const expected = [
      { ...place, kind: "inserted", key: "1", old_key: null, old: null, new: { id: "1", title: "new" } },
      { ...place, kind: "deleted", key: "3", old_key: null, old: { id: "3", title: "c" }, new: null },
      {
        ...{ ...place, kind: "changed", key: "3", old_key: "2" },
        ...{ old: { id: "2", title: "b" }, new: { id: "3", title: "B" } },
      },
      {
        ...{ ...place, kind: "changed", key: "10", old_key: "1" },
        ...{ old: { id: "1", title: "a" }, new: { id: "10", title: "a" } },
      },
    ];
    const sorted = (items: Record<string, unknown>[]) =>
      items.map((item) => JSON.stringify(item, Object.keys({ ...item, id: 0, title: 0 }).sort())).sort();
    expect(sorted(await audit.items("diff", "things", "--from", from))).toEqual(sorted(expected));
    expect(sorted(await audit.items("diff", "things", "--tx", tx))).toEqual(sorted(expected));
    expect(sorted(await audit.items("diff", "things", "2", "--from", from))).toEqual(
      sorted(expected.slice(2, 3)),
    );
    expect(sorted(await audit.items("diff", "things", "3", "--from", from))).toEqual(
      sorted(expected.slice(1, 3)),
    );
    const each = await audit.items("diff", "things", "10", "--from", from, "--each");
    expect(each).toMatchObject([{ kind: "changed", key: "10", old_key: "1", tx }]);
    expect((await audit("diff", "things", "10", "--from", from)).stdout).toBe(
      "< 1   id=1\n> 10  id=10  (1 unchanged)\n",
    );
  });

  it("tells what it can of lean images and of a TRUNCATE that kept no rows", async () => {
    const { sql } = database;
    await sql.unsafe(
      "create table lean (id int primary key, a text); insert into lean values (1, 'x'), (2, 'y')",
    );
    await audit("enable", "lean", "--images", "lean", "--on-truncate", "record");
    const updated = await inTransaction(
      sql,
      "update lean set a = 'z' where id = 1",
      "insert into lean values (3)",
    );
    expect((await audit("diff", "--tx", updated)).stdout).toBe("public.lean\n< 1  a=x\n> 1  a=?\n+ 3\n");
    const emptied = await inTransaction(sql, "update lean set a = 'zz' where id = 1", "truncate lean");
    const { stdout, stderr } = await audit("diff", "--tx", emptied);
    expect(stdout).toBe("public.lean\n- 1  a=z\n");
    expect(stderr).toMatch(/note: public\.lean was truncated, and the rows that it lost were not recorded/);
  });

  it("knows a transaction's changes after the table is gone", async () => {
    const { sql } = database;
    await sql.unsafe("create table brief (id int primary key, a text)");
    await audit("enable", "brief");
    const tx = await inTransaction(
      sql,
      "insert into brief values (1, 'x'), (2, 'y')",
      "delete from brief where id = 2",
    );
    await sql`drop table brief`;
    expect(await audit.items("diff", "--tx", tx)).toMatchObject([
      { kind: "inserted", table: "brief", key: "1", new: { id: "1", a: "x" } },
    ]);
    expect((await audit("diff", "--tx", tx, "-o", "sql")).stdout).toContain("-- left out: the table is gone");
    expect(await audit.run(["diff", "--tx", "1"])).toMatchObject({ code: 2, stdout: "" });
  });
});
