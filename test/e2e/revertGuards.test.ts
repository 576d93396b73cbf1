import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database, { env: { TZ: "UTC" } });
const role = `revert_${randomBytes(4).toString("hex")}`;

beforeAll(async () => {
  await database.sql.unsafe(`create role ${role} login password 'x'; grant audit_reader to ${role}`);
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${role} cascade; drop role ${role}`);
});

/** The command as a role that is nobody in particular. */
function as(...args: string[]) {
  const url = new URL(database.url);
  url.username = role;
  url.password = "x";
  return runCli([...args, "--database-url", url.href, "--tz", "UTC"]);
}

/** Runs a statement in a transaction of its own, and gives its id. */
async function transact(statement: string): Promise<string> {
  return database.sql.begin(async (sql) => {
    await sql.unsafe(statement);
    const [row] = await sql`select pg_current_xact_id()::text as tx`;
    return row?.tx as string;
  });
}

describe("revert and undo with the rights of the caller", () => {
  it("take what the writes take, and the right to note what was done", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table rights (id int primary key, a text); insert into rights values (1, 'a');
      grant select on rights to ${role}`);
    await audit("enable", "rights");
    const tx = await transact("update rights set a = 'b'");
    expect(await as("revert", `tx:${tx}`)).toMatchObject({ code: 4 });
    await sql.unsafe(`grant update on rights to ${role}`);
    expect(await as("revert", `tx:${tx}`)).toMatchObject({
      ...{ code: 0, stdout: expect.stringContaining("1 to update. It was rehearsed") },
    });
    expect(await as("revert", `tx:${tx}`, "--apply")).toMatchObject({
      ...{ code: 4, stderr: expect.stringContaining("may not note operations") },
    });
    expect(await sql`select a from rights`).toEqual([{ a: "b" }]);
    await sql.unsafe(`
      grant insert on audit.operation, audit.tag to ${role}; grant select on audit.operation to ${role};
      grant usage on sequence audit.change_id to ${role}`);
    expect(await as("revert", `tx:${tx}`, "--apply")).toMatchObject({ code: 0 });
    expect(await sql`select a from rights`).toEqual([{ a: "a" }]);
    expect(await as("undo", "--apply")).toMatchObject({ code: 0 });
    expect(await sql`select a from rights`).toEqual([{ a: "b" }]);
    const [change] = await sql`select db_user from audit.change order by id desc limit 1`;
    expect(change?.db_user).toBe(role);
  });

  it("say that rows are hidden, where nothing would be done for it", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table secret (id int primary key, a text); insert into secret values (1, 'a');
      grant select, insert, update, delete on secret to ${role}`);
    await audit("enable", "secret");
    const tx = await transact("insert into secret values (2, 'b')");
    await sql.unsafe("alter table secret enable row level security");
    expect(await as("revert", `tx:${tx}`)).toMatchObject({
      ...{
        code: 5,
        stderr: expect.stringContaining("Row-level security hides rows of public.secret from you"),
      },
    });
  });
});

describe("somebody who writes meanwhile", () => {
  it("makes a revert fail, with nothing changed", async () => {
    const { sql } = database;
    await sql.unsafe(
      "create table busy (id int primary key, a text); insert into busy values (1, 'a'), (2, 'a')",
    );
    await audit("enable", "busy");
    const tx = await transact("update busy set a = 'b'");
    const other = connectTo(database.url, { max: 1 });
    try {
      await other.unsafe("begin; update busy set a = 'theirs' where id = 2");
      const waiting = audit.run(["revert", `tx:${tx}`, "--apply"]);
      for (let tries = 0; tries < 400; tries++) {
        const locked = await sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        if (locked.length > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await other.unsafe("commit");
      expect(await waiting).toMatchObject({
        ...{ code: 5, stderr: expect.stringContaining("somebody wrote to the same rows meanwhile") },
      });
    } finally {
      await other.end({ timeout: 5 });
    }
    expect(await sql`select a from busy order by id`).toEqual([{ a: "b" }, { a: "theirs" }]);
    const { stderr } = await audit.run(["revert", `tx:${tx}`, "--apply"]);
    expect(stderr).toMatch(/a of row 2 of public\.busy was a, tx:\d+ made it b, and tx:\d+ made it theirs/);
  });
});

describe("triggers of the application", () => {
  it("fire for what is taken back, and are told of where they make something else of it", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create table notes (id int primary key, body text, touched int default 0);
      insert into notes values (1, 'a');
      create function touch() returns trigger language plpgsql as $$
        begin new.touched := old.touched + 1; return new; end $$;
      create trigger touch before update on notes for each row execute function touch()`);
    await audit("enable", "notes");
    const tx = await transact("update notes set body = 'x'");
    expect(await audit.run(["revert", `tx:${tx}`, "--apply"])).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining("touched of row 1 of public.notes is 2 instead of 0") },
    });
    await audit("revert", `tx:${tx}`, "--apply", "--triggers", "skip");
    expect(await sql`select * from notes`).toEqual([{ id: 1, body: "a", touched: 0 }]);
    await audit("undo", "--apply", "--triggers", "skip");
    expect(await sql`select * from notes`).toEqual([{ id: 1, body: "x", touched: 1 }]);
  });
});
