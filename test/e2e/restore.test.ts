import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const env = { TZ: "UTC" };

describe("restore", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env });
  const rowsOf = (table: string) => database.sql.unsafe(`select * from ${table} order by 1, 2`);

  it("shows what it would do, does it, and can be restored from", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key, name text, ok boolean);
      insert into users values (1, 'Ada', true), (2, 'Bob', false), (3, 'Cleo', null)`);
    await audit("enable", "users");
    await audit("tag", "t");
    await sql.unsafe(`
      update users set name = 'x' where id = 1;
      delete from users where id = 2;
      insert into users values (4, 'Dan')`);
    const damaged = await rowsOf("users");
    const recorded = async () => (await sql`select count(*)::int as n from audit.change`)[0]?.n;
    const before = await recorded();
    const plan = await audit("restore", "users", "--to", "tag:t");
    expect(plan.stdout).toBe(
      [
        "public.users  1 to insert, 1 to update, 1 to delete",
        "< 1  name=x",
        "> 1  name=Ada  (2 unchanged)",
        "+ 2  id=2  name=Bob  ok=false",
        "- 4  id=4  name=Dan  ok=null",
        "1 to insert, 1 to update, 1 to delete. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply",
        "",
      ].join("\n"),
    );
    const { stdout: dry } = await audit("restore", "users", "--to", "tag:t", "--dry-run");
    expect(dry.startsWith(`${plan.stdout}\nbegin isolation level repeatable read;\n`)).toBe(true);
    expect(await rowsOf("users")).toEqual(damaged);
    expect(await recorded()).toBe(before);
    expect(await sql`select from audit.operation where kind = 'restore'`).toHaveLength(0);
    const done = await audit("restore", "users", "--to", "tag:t", "--apply", "--reason", "ticket 1");
    expect(done.stdout).toMatch(
      /\n1 inserted, 1 updated, 1 deleted\. This is operation (\d+); the state before it is tag:before-restore-\1\n$/,
    );
    expect(await rowsOf("users")).toEqual([
      { id: 1, name: "Ada", ok: true },
      { id: 2, name: "Bob", ok: false },
      { id: 3, name: "Cleo", ok: null },
    ]);
    expect((await audit("restore", "users", "--to", "tag:t")).stdout).toBe(
      "Nothing to do: all is as it was.\n",
    );
    const [operation] = await sql<{ id: string; tag: string; plan: string }[]>`
      select id::text, 'before-restore-' || id as tag, plan from audit.operation where kind = 'restore'`;
    const changes = await sql`
      select op, xid::text as tx, actor, context from audit.change order by id desc limit 3`;
    expect(JSON.parse(operation?.plan ?? "")).toMatchObject({
      ...{ to: "tag:t", reason: "ticket 1", tx: changes[0]?.tx },
      tables: [{ schema: "public", table: "users", inserted: 1, changed: 1, deleted: 1 }],
    });
    expect(changes.map(({ op, actor, context }) => [op, actor, JSON.parse(context)])).toEqual(
      ["I", "U", "D"].map((op) => [op, null, { reason: "ticket 1", operation: operation?.id }]),
    );
    await audit("restore", "users", "--to", `tag:${operation?.tag}`, "--apply", "--actor", "ana");
    expect(await rowsOf("users")).toEqual(damaged);
    expect(await sql`select distinct actor from audit.change where actor is not null`).toEqual([
      { actor: "ana" },
    ]);
  });

  it("takes the actor and the context of the caller's settings, and adds to the latter", async () => {
    const { sql } = database;
    await sql.unsafe("create table said (id int primary key, a int); insert into said values (1, 1)");
    await audit("enable", "said");
    await audit("tag", "said");
    await sql`update said set a = 2`;
    const args = ["restore", "said", "--to", "tag:said", "--apply", "--reason", "r"];
    const { code, stderr } = await runCli([...args, "--database-url", database.url], {
      env: { PGOPTIONS: '-c audit.actor=cron -c audit.context={"request":7}' },
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [change] = await sql`select actor, context from audit.change order by id desc limit 1`;
    expect(change?.actor).toBe("cron");
    expect(JSON.parse(change?.context)).toEqual({
      ...{ request: 7, reason: "r", operation: expect.stringMatching(/^\d+$/) },
    });
  });

  it("puts back one row, columns, and what a condition chooses", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table items (region text, id int, price numeric, name text, primary key (id, region));
      insert into items select 'eu', n, n, 'item ' || n from generate_series(1, 9) as n`);
    await audit("enable", "items");
    await audit("tag", "priced");
    await sql.unsafe(`
      update items set price = price * 2, name = 'sale';
      delete from items where id = 9;
      insert into items values ('us', 1, 5, 'new')`);
    const apply = (...args: string[]) => audit("restore", "items", ...args, "--to", "tag:priced", "--apply");
    await apply("1", "eu");
    expect(await sql`select name, price from items where id = 1 and region = 'eu'`).toEqual([
      { name: "item 1", price: "1" },
    ]);
    await apply("region=eu", "id=2", "--columns", "price");
    expect(await sql`select name, price from items where id = 2`).toEqual([{ name: "sale", price: "2" }]);
    await apply("--where", "items.price between 3 and 4");
    expect(await sql`select id::text from items where name <> 'sale' order by id, region`).toEqual(
      ["1", "1", "3", "4"].map((id) => ({ id })),
    );
    const { stdout } = await apply("--columns", "name");
    expect(stdout).toContain(
      "note: 2 rows of public.items came or went since, and --columns leaves them alone",
    );
    expect(await sql`select count(*)::int as n from items where name like 'item%'`).toEqual([{ n: 8 }]);
    await apply("--where", "region = 'us'");
    expect(await sql`select from items where region = 'us'`).toHaveLength(0);
    await apply("9", "eu");
    expect(await sql`select name, price from items where id = 9`).toEqual([{ name: "item 9", price: "9" }]);
    await apply();
    expect((await audit("diff", "items", "--from", "tag:priced")).stdout).toBe("");
  });

  it("puts back several tables at once, and what was truncated", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table parents (id int primary key, name text);
      create table children (id serial primary key, parent int not null references parents, note text);
      insert into parents values (1, 'a'), (2, 'b');
      insert into children (parent, note) values (1, 'x'), (2, 'y'), (2, 'z')`);
    await audit("enable", "parents", "children");
    await audit("tag", "full");
    const before = [await rowsOf("parents"), await rowsOf("children")];
    await sql.unsafe("truncate parents, children restart identity; insert into parents values (3, 'c')");
    const alone = await audit.run(["restore", "children", "--to", "tag:full"]);
    expect(alone).toMatchObject({ code: 5 });
    expect(alone.stdout).toMatch(
      /^public\.children {2}3 to insert\n[\s\S]*\nTried, and taken back: nothing was changed\.\n$/,
    );
    expect((await audit.run(["restore", "children", "--to", "tag:full", "-o", "sql"])).stdout).toBe("");
    expect(alone.stderr).toMatch(
      /error: public\.children: the server refuses it, so nothing was changed: .*foreign key.*\nA row that these refer to is gone, or one that refers to these would stay/,
    );
    const { stdout } = await audit("restore", "children", "parents", "--to", "tag:full", "--apply");
    expect(stdout).toMatch(/^sequence public\.children_id_seq moves from its start to 3$/m);
    expect([await rowsOf("parents"), await rowsOf("children")]).toEqual(before);
    await sql`insert into children (parent) values (1)`;
    expect(await sql`select max(id) as id from children`).toEqual([{ id: 4 }]);
    await audit("restore", "parents", "children", "parents", "--to", "tag:full", "--apply");
    expect(await sql`select last_value::int as at from children_id_seq`).toEqual([{ at: 4 }]);
    expect((await audit("restore", "children", "id=2", "--to", "tag:full")).stdout).toMatch(/^Nothing to do/);
  });

  it("refuses what it cannot do, and says why", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table plain (id int primary key, a text, b text, c int);
      insert into plain values (1, 'a', 'b', 3);
      create table gone (id int primary key);
      create table log_only (note text);
      create table never (id int primary key);
      create table hidden (id int primary key, token text, name text);
      insert into hidden values (1, 't', 'n')`);
    await audit("enable", "plain", "gone");
    await audit("enable", "log_only", "--no-key");
    await audit("enable", "hidden", "--redact", "token");
    await audit("tag", "early");
    await sql.unsafe(`
      update plain set a = 'x', b = 'y', c = 4;
      alter table plain drop b;
      alter table plain alter c type text;
      alter table plain rename a to "A";
      alter table plain add d text default 'new';
      drop table gone;
      delete from hidden`);
    const refused = async (code: number, sentence: RegExp, ...args: string[]) => {
      const result = await audit.run(["restore", ...args]);
      expect({ args, ...result }).toMatchObject({ args, code, stderr: expect.stringMatching(sentence) });
      return result;
    };
    await refused(2, /it lies in the future/, "plain", "--to", "2100-01-01");
    await refused(2, /There is no tag "nope"/, "plain", "--to", "tag:nope");
    await refused(2, /is not a condition we can use/, "plain", "--to", "tag:early", "--where", "nope = 1");
    await refused(2, /no column "?nope/, "plain", "--to", "tag:early", "--columns", "nope");
    await refused(
      2,
      /--where narrows one table, and public\.plain, public\.hidden are named/,
      "plain",
      "hidden",
      "--to",
      "tag:early",
      "--where",
      "true",
    );
    await refused(2, /--apply does it, --dry-run only/, "plain", "--to", "now", "--apply", "--dry-run");
    await refused(2, /--apply does it, -o sql only/, "plain", "--to", "now", "--apply", "-o", "sql");
    await refused(3, /is audited without a key/, "log_only", "--to", "tag:early");
    await refused(3, /never was never audited/, "never", "--to", "tag:early");
    await refused(3, /cannot be shown as of/, "plain", "--to", "2000-01-01");
    await refused(5, /public\.gone is gone, so nothing can be put back into it/, "gone", "--to", "tag:early");
    const columns =
      /Columns of public\.plain cannot be put back: c \(its type changed, it was integer\), b \(dropped since\)\.\nPut the others back with --skip-columns/;
    const { stdout } = await refused(5, columns, "plain", "--to", "tag:early", "--apply");
    expect(stdout).toMatch(/\nNot tried: nothing was changed\.\n$/);
    await refused(
      5,
      /Column of public\.hidden cannot be put back: token \(redacted\)/,
      "hidden",
      "--to",
      "tag:early",
    );
    const asked = await audit.run(["restore", "plain", "--to", "tag:early", "--json", "--columns", "c"]);
    expect(JSON.parse(asked.stdout)).toMatchObject({
      ...{ applied: false, rehearsed: false, operation: null },
      obstacles: [expect.stringMatching(/^Column of public\.plain cannot be put back: c \(its type changed/)],
    });
    expect(JSON.parse(asked.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { exit_code: 5 },
    });
    await audit("restore", "plain", "hidden", "--to", "tag:early", "--apply", "--skip-columns");
    expect(await rowsOf("plain")).toEqual([{ id: 1, A: "a", c: "4", d: "new" }]);
    expect(await rowsOf("hidden")).toEqual([{ id: 1, token: null, name: "n" }]);
  });
});
