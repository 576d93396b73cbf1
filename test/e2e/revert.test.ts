import { describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describe("revert", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env: { TZ: "UTC" } });

  /** Runs statements in one transaction, and gives its id. */
  async function transact(...statements: string[]): Promise<string> {
    return database.sql.begin(async (sql) => {
      for (const statement of statements) await sql.unsafe(statement);
      const [row] = await sql`select pg_current_xact_id()::text as tx`;
      return row?.tx as string;
    });
  }

  it("takes a transaction out and keeps what came later", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table users (id int primary key, name text, mail text, ok boolean);
      insert into users values (1, 'Ada', 'a@x', true), (2, 'Bob', 'b@x', false), (3, 'Cleo', 'c@x', null)`);
    await audit("enable", "users");
    const tx = await transact(
      "update users set name = 'x' where id = 1",
      "delete from users where id = 2",
      "insert into users values (4, 'Dan')",
    );
    const later = await transact(
      "set local audit.actor = 'eve'",
      "update users set mail = 'new' where id = 1",
    );
    const rows = () => sql<{ id: number }[]>`select * from users order by id`;
    const damaged = await rows();
    const plan = await audit("revert", `tx:${tx}`);
    expect(plan.stdout.replace(/\(20[^,]*, /, "(WHEN, ")).toBe(
      [
        `note: tx:${later} (WHEN, eve) came later to 1 of these rows`,
        "public.users  1 to insert, 1 to update, 1 to delete",
        "< 1  name=x",
        "> 1  name=Ada  (3 unchanged)",
        "+ 2  id=2  name=Bob  mail=b@x  ok=false",
        "- 4  id=4  name=Dan  mail=null  ok=null",
        "1 to insert, 1 to update, 1 to delete. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply",
        "",
      ].join("\n"),
    );
    expect(await rows()).toEqual(damaged);
    const done = await audit("revert", `tx:${tx}`, "--apply", "--reason", "ticket 1");
    expect(done.stdout).toMatch(
      /\n1 inserted, 1 updated, 1 deleted\. This is operation \d+; the state before it is tag:before-revert-\d+\n$/,
    );
    expect(await rows()).toEqual([
      { id: 1, name: "Ada", mail: "new", ok: true },
      { id: 2, name: "Bob", mail: "b@x", ok: false },
      { id: 3, name: "Cleo", mail: "c@x", ok: null },
    ]);
    expect((await audit("revert", `tx:${tx}`)).stdout).toContain("Nothing to do: nothing of it is left.\n");
    const undone = await audit("undo", "--apply");
    expect(undone.stderr).toMatch(/^undoes: operation \d+, revert of /);
    expect(await rows()).toEqual(damaged);
    await audit("undo", "--apply");
    expect((await rows()).map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  /** What a command line ends with; with 5 and 3 nothing may have been changed. */
  async function refused(args: string[], code: number, sentence: RegExp): Promise<string> {
    const count = async () =>
      database.sql`select (select count(*)::int from audit.change) as changes, (select count(*)::int from audit.operation) as operations`;
    const before = await count();
    const result = await audit.run(args);
    expect({ args, ...result }).toMatchObject({ args, code, stderr: expect.stringMatching(sentence) });
    expect(await count()).toEqual(before);
    return result.stdout;
  }

  it("stops where others have changed it since, and goes on as it is told to", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table stock (id int primary key, amount int, place text);
      insert into stock values (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')`);
    await audit("enable", "stock");
    const tx = await transact("update stock set amount = 0, place = 'gone' where id < 3");
    const later = await transact("update stock set amount = 5 where id = 1");
    const rows = () => sql.unsafe(`select id, amount, place from stock order by id`);
    const damaged = await rows();
    const stdout = await refused(
      ["revert", `tx:${tx}`, "--apply"],
      5,
      new RegExp(
        `Others have since changed what is to be reverted: amount of row 1 of public.stock was \\d+, tx:${tx} made it 0, and tx:${later} made it 5\\.`,
      ),
    );
    expect(stdout).toContain(`note: conflict: amount of row 1 of public.stock was 10, tx:`);
    expect(stdout).toContain("Not tried: nothing was changed.");
    const json = JSON.parse((await audit.run(["revert", `tx:${tx}`, "--json"])).stdout);
    expect(json).toMatchObject({
      ...{ mode: "stop", txs: [tx], applied: false, later: [{ tx: later, rows: 1, reverted: false }] },
      conflicts: [
        {
          ...{ schema: "public", table: "stock", kind: "value", key: "1", column: "amount", by: [later] },
          ...{ written: "0", present: "5", wanted: "10", overwritten: false },
        },
      ],
    });
    const done = await audit("revert", `tx:${tx}`, "--mode", "nonconflict", "--apply");
    expect(done.stdout).toContain("note: left alone: amount of row 1");
    expect(await rows()).toEqual([
      { id: 1, amount: 5, place: "a" },
      { id: 2, amount: 20, place: "b" },
      { id: 3, amount: 30, place: "c" },
    ]);
    await audit("undo", "--apply");
    expect(await rows()).toEqual(damaged);
    const forced = await audit("revert", `tx:${tx}`, "--mode", "force", "--apply");
    expect(forced.stdout).toContain("note: overwritten: amount of row 1");
    expect((await rows())[0]).toEqual({ id: 1, amount: 10, place: "a" });
    await audit("undo", "--apply");
    const undone = (await sql`select max(xid::text::bigint)::text as tx from audit.change`)[0]?.tx;
    expect(await rows()).toEqual(damaged);
    const cascade = await audit("revert", `tx:${tx}`, "--mode", "cascade", "--apply");
    expect(cascade.stdout).toMatch(new RegExp(`note: tx:${later} \\(.*\\) is reverted as well`));
    expect(cascade.stdout).toMatch(new RegExp(`note: tx:${undone} \\(.*\\) is reverted as well`));
    expect((await rows())[0]).toEqual({ id: 1, amount: 10, place: "a" });
  });

  it("takes several out at once, of several tables, or of those that are named", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table parent (id int primary key, name text);
      create table child (id int primary key, parent int references parent, name text)`);
    await audit("enable", "parent", "child");
    const one = await transact("insert into parent values (1, 'p')", "insert into child values (1, 1, 'c')");
    const two = await transact("insert into child values (2, 1, 'd')");
    await refused(["revert", `tx:${one}`], 5, /public\.child: the server refuses it|foreign key/);
    const plan = await audit("revert", `tx:${one}`, `tx:${two}`);
    expect(plan.stdout).toContain("3 to delete. It was rehearsed");
    const alone = await audit("revert", `tx:${one}`, "--table", "child");
    expect(alone.stdout).toContain("note: what was done to public.parent stays: it is not asked for");
    expect(alone.stdout).toContain("\n1 to delete.");
    await audit("revert", `tx:${one}`, `tx:${two}`, "--apply");
    expect(await sql`select from parent`).toHaveLength(0);
    await audit("undo", "--apply");
    expect(await sql`select from child`).toHaveLength(2);
    await sql.unsafe("create table other (parent int references parent); insert into other values (1)");
    await refused(
      ["revert", `tx:${one}`, `tx:${two}`],
      5,
      /1 row of public\.other refers to rows that are to go[\s\S]*Revert the transactions that wrote these rows of public\.other as well/,
    );
  });

  it("gives a script that does the same, and looks first whether all is as it was", async () => {
    const { sql } = database;
    await sql.unsafe("create table script (id int primary key, a text); insert into script values (1, 'x')");
    await audit("enable", "script");
    const tx = await transact("update script set a = 'y'");
    const { stdout } = await audit("revert", `tx:${tx}`, "-o", "sql");
    const session = connectTo(database.url, { max: 1 });
    await session.unsafe(stdout);
    expect(await sql`select a from script`).toEqual([{ a: "x" }]);
    await expect(session.unsafe(stdout)).rejects.toThrow(/no longer what they were/);
    await session.end();
  });

  it("names what cannot be taken back, and leaves it alone where it is told to", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table person (id int primary key, name text, secret text, hair text, size int, old text);
      insert into person values (1, 'Ada', 's1', 'red', 1, 'o')`);
    await audit("enable", "person", "--redact", "secret", "--exclude", "hair");
    const changed = await transact("update person set name = 'x', secret = 's2', size = 2, old = 'p'");
    await sql.unsafe("alter table person alter size type text; alter table person drop old");
    await refused(
      ["revert", `tx:${changed}`],
      5,
      /Columns of public\.person cannot be put back: secret \(redacted\), size \(its type changed, it was integer\), old \(dropped since\)/,
    );
    const done = await audit("revert", `tx:${changed}`, "--skip-columns", "--apply");
    expect(done.stdout).not.toContain("s2");
    expect(await sql`select name, secret, size from person`).toEqual([
      { name: "Ada", secret: "s2", size: "2" },
    ]);
    const deleted = await transact("delete from person");
    await refused(["revert", `tx:${deleted}`], 5, /secret \(redacted\), hair \(excluded from auditing\)/);
    await audit("revert", `tx:${deleted}`, "--skip-columns", "--apply");
    expect(await sql`select name, secret, hair from person`).toEqual([
      { name: "Ada", secret: null, hair: null },
    ]);
    const inserted = await transact("insert into person (id, secret, hair) values (2, 'hidden', 'blond')");
    const plan = await audit("revert", `tx:${inserted}`);
    expect(plan.stdout).not.toMatch(/hidden|blond/);
  });

  it("reckons with lean images and whole ones", async () => {
    const { sql } = database;
    for (const images of ["lean", "full"]) {
      const name = `images_${images}`;
      await sql.unsafe(`
        create table ${name} (id int primary key, a text, b text); insert into ${name} values (1, 'x', 'x'), (2, 'x', 'x')`);
      await audit("enable", name, "--images", images);
      const tx = await transact(
        `update ${name} set a = 'y'`,
        `insert into ${name} values (3, 'n', 'n')`,
        `update ${name} set id = 9 where id = 2`,
      );
      await transact(`update ${name} set b = 'z'`);
      await refused(["revert", `tx:${tx}`], 5, /b of row 3 of|row 3 of .*, was changed since: b is z/);
      await audit("revert", `tx:${tx}`, "--mode", "nonconflict", "--apply");
      expect(await sql.unsafe(`select * from ${name} order by id`)).toEqual([
        { id: 1, a: "x", b: "z" },
        { id: 2, a: "x", b: "z" },
        { id: 3, a: "n", b: "z" },
      ]);
    }
  });

  it("brings back what TRUNCATE took, and says where that was not recorded", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table emptied (id int primary key); insert into emptied values (1), (2);
      create table lost (id int primary key); insert into lost values (1)`);
    await audit("enable", "emptied");
    await audit("enable", "lost", "--on-truncate", "record");
    const tx = await transact("truncate emptied");
    await audit("revert", `tx:${tx}`, "--apply");
    expect(await sql`select from emptied`).toHaveLength(2);
    const gone = await transact("truncate lost");
    const { code, stderr } = await audit.run(["revert", `tx:${gone}`]);
    expect([3, 5]).toContain(code);
    expect(stderr).toMatch(
      /truncated public\.lost, and the rows that it lost were not recorded|TRUNCATE at .* was recorded without its rows/,
    );
  });

  it("refuses what it cannot know", async () => {
    const { sql } = database;
    await refused(["revert", "tx:999999999"], 2, /No change of transaction 999999999 is recorded/);
    await refused(
      ["revert", "change:1"],
      2,
      /change:1 is a change, and only whole transactions are reverted/,
    );
    await sql.unsafe("create table keyless (a int)");
    await audit("enable", "keyless", "--no-key");
    const keyless = await transact("insert into keyless values (1)");
    await refused(
      ["revert", `tx:${keyless}`],
      5,
      /public\.keyless is audited without a key, so its rows cannot be told apart/,
    );
    await sql.unsafe("create table dropped (a int primary key)");
    await audit("enable", "dropped");
    const dropped = await transact("insert into dropped values (1)");
    await sql.unsafe("drop table dropped");
    await refused(
      ["revert", `tx:${dropped}`],
      5,
      /public\.dropped is gone: what was done to it cannot be taken back/,
    );
    await sql.unsafe("create table gap (a int primary key, b int); insert into gap values (1)");
    await audit("enable", "gap");
    const before = await transact("update gap set b = 1");
    await audit("disable", "gap");
    await audit("enable", "gap");
    await refused(["revert", `tx:${before}`], 3, /its coverage began at/);
    await sql.unsafe("create table pruned (a int primary key, b int); insert into pruned values (1)");
    await audit("enable", "pruned");
    const old = await transact("update pruned set b = 1");
    await sql`update audit.relation set horizon_at = (select max(at) from audit.change where xid = ${old}::text::xid8) where table_name = 'pruned'`;
    await refused(["revert", `tx:${old}`], 3, /public\.pruned was pruned past the beginning/);
    await sql`update audit.relation set horizon_at = null where table_name = 'pruned'`;
    await sql`
      insert into audit.installation (era, version, installed_at, system_identifier, first_id, roles, event_triggers)
      select era + 1, version, clock_timestamp(), system_identifier, nextval('audit.change_id'), roles, event_triggers from audit.installation order by era desc limit 1`;
    await refused(["revert", `tx:${old}`], 3, /is of a former era/);
    await refused(["undo"], 3, /Operation \d+ is of a former era/);
    await sql`delete from audit.installation where era > 1`;
  });
});

describe("undo", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database, { env: { TZ: "UTC" } });

  it("takes back the last that is not undone, or the one that is named", async () => {
    const { sql } = database;
    await sql.unsafe("create table t (id int primary key, a text); insert into t values (1, 'x'), (2, 'x')");
    expect(await audit.run(["undo"])).toMatchObject({
      ...{
        code: 5,
        stderr: expect.stringContaining("There is no restore, revert or undo that could be undone."),
      },
    });
    await audit("enable", "t");
    const [enabled] = await sql`select id::text as id from audit.operation where kind = 'enable'`;
    expect(await audit.run(["undo", enabled?.id as string])).toMatchObject({
      ...{
        code: 5,
        stderr: expect.stringContaining(
          "is of kind enable, and only a restore, revert or undo can be undone",
        ),
      },
    });
    expect(await audit.run(["undo", "999"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no operation 999."),
    });
    expect(await audit.run(["undo", "x"])).toMatchObject({ code: 2 });
    await audit("tag", "t");
    await sql`update t set a = 'y'`;
    const rows = async () => (await sql`select a from t order by id`).map(({ a }) => a).join("");
    const ids = async () => sql<{ id: string; undoes: string | null }[]>`
      select id::text as id, plan ->> 'undoes' as undoes from audit.operation where kind in ('restore', 'undo') order by id`;
    await audit("restore", "t", "--to", "tag:t", "--apply");
    expect(await rows()).toBe("xx");
    const plan = JSON.parse((await audit("undo", "--json")).stdout);
    const [restored] = await ids();
    expect(plan).toMatchObject({ undoes: restored?.id, applied: false, tables: [{ update: 2 }] });
    await audit("undo", "--apply");
    expect(await rows()).toBe("yy");
    expect((await ids()).at(-1)?.undoes).toBe(restored?.id);
    await audit("undo", "--apply");
    expect(await rows()).toBe("xx");
    await sql`update t set a = 'z' where id = 2`;
    const last = await audit.run(["undo", restored?.id as string, "--apply"]);
    expect(last).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(
        /a of row 2 of public\.t was y, tx:\d+ made it x, and tx:[\dtx:, ]+ made it z/,
      ),
    });
    await audit("undo", restored?.id as string, "--apply", "--mode", "nonconflict", "--reason", "again");
    expect(await rows()).toBe("yz");
    const [change] = await sql`select context from audit.change order by id desc limit 1`;
    expect(JSON.parse(change?.context as string)).toEqual({
      reason: "again",
      operation: (await ids()).at(-1)?.id,
    });
  });
});
