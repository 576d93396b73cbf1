import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { driftKinds } from "../../src/core/drift.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";

// Roles and event triggers are changed here, so nobody else may be on the server.
const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);
const stranger = `stranger_${randomBytes(3).toString("hex")}`;

interface Finding {
  readonly kind: string;
  readonly severity: string;
  readonly table: string | null;
  readonly subject: string;
  readonly message: string;
  readonly sql: readonly string[];
}

/** A copy of the database as it was set up, which is gone afterwards. */
async function withCopy(
  work: (copy: { audit: ReturnType<typeof auditOf>; sql: TestSql }) => Promise<void>,
): Promise<void> {
  const name = `copy_${randomBytes(4).toString("hex")}`;
  const maintenance = connectTo(urlOfDatabase(database.url, "postgres"), { max: 1 });
  await maintenance.unsafe(`create database ${name} template ${database.name}`);
  const url = urlOfDatabase(database.url, name);
  const sql = connectTo(url, { max: 1 });
  try {
    await work({ audit: auditOf({ url }), sql });
  } finally {
    await sql.end();
    await maintenance.unsafe(`drop database ${name} with (force)`);
    await maintenance.end();
  }
}

async function check(on: ReturnType<typeof auditOf>): Promise<Finding[]> {
  const { code, stdout } = await on.run(["check", "--json"]);
  const { items } = JSON.parse(stdout) as { items: Finding[] };
  expect(code).toBe(items.some(({ severity }) => severity !== "note") ? 1 : 0);
  return items;
}

/** Runs SQL behind the back of the event triggers, as on a server where they were off for a while. */
const unseen = (statement: string) => `
  do $do$ declare name text; begin
    for name in select evtname from pg_event_trigger loop execute format('alter event trigger %I disable', name); end loop;
  end $do$;
  ${statement};
  do $do$ declare name text; begin
    for name in select evtname from pg_event_trigger loop execute format('alter event trigger %I enable always', name); end loop;
  end $do$;`;

beforeAll(async () => {
  await database.sql.unsafe(`
    create role ${stranger};
    create table users (id int primary key, name text, note text);
    create table orders (id int primary key, user_id int);
    create table keyed (a int not null, b int not null, c text);
    create unique index keyed_ab on keyed (a, b);
    create table event (id int primary key, note text) partition by range (id);
    create table event_1 partition of event for values from (0) to (10);
    create table event_2 partition of event for values from (10) to (20);
    insert into event values (1, 'one'), (11, 'eleven');
    create table doomed (id int primary key);
    create function own() returns trigger language plpgsql as 'begin return null; end'`);
  await audit("enable", "users", "orders", "event", "doomed");
  await audit("enable", "keyed", "--key", "a,b");
  await audit("enable", "orders", "--always");
  await audit("enable", "users", "--view");
  await database.sql.unsafe("insert into users values (1, 'a', 'b')");
  const tables = await database.sql<{ name: string; id: number }[]>`
    select table_name as name, id from audit.relation`;
  for (const { name, id } of tables) numbers.set(name, id);
  // A database is copied only while nobody is connected to it.
  await database.sql.end();
});

const numbers = new Map<string, number>();

interface Case {
  readonly drift: string;
  /** What is done behind our back; `N` stands for the number of the table in the registry. */
  readonly done: string;
  readonly table?: string;
  readonly kinds: readonly string[];
  /** What sync leaves for somebody to decide. */
  readonly decides?: boolean;
}

const cases: readonly Case[] = [
  {
    drift: "a trigger dropped",
    table: "users",
    done: 'drop trigger "00_audit_insert_N" on users',
    kinds: ["trigger-missing"],
  },
  {
    drift: "a trigger disabled",
    table: "users",
    done: 'alter table users disable trigger "00_audit_update_N"',
    kinds: ["trigger-off"],
  },
  {
    drift: "all triggers disabled",
    table: "users",
    done: "alter table users disable trigger all",
    kinds: ["trigger-off", "trigger-off", "trigger-off", "trigger-off"],
  },
  {
    drift: "a trigger for replicas alone",
    table: "users",
    done: 'alter table users enable replica trigger "00_audit_delete_N"',
    kinds: ["trigger-off"],
  },
  {
    drift: "ENABLE ALWAYS lost",
    table: "orders",
    done: "alter table orders disable trigger user; alter table orders enable trigger user",
    kinds: ["trigger-not-always", "trigger-not-always", "trigger-not-always", "trigger-not-always"],
  },
  {
    drift: "a trigger replaced by one with a condition",
    table: "users",
    done: 'create or replace trigger "00_audit_update_N" after update on users for each row when (false) execute function audit._update_N()',
    kinds: ["trigger-replaced"],
  },
  {
    drift: "a trigger replaced by one of the application's",
    table: "users",
    done: 'create or replace trigger "00_audit_delete_N" after delete on users for each row execute function own()',
    kinds: ["trigger-replaced"],
  },
  {
    drift: "the trigger of a partition disabled",
    table: "event",
    done: 'alter table event_1 disable trigger "00_audit_update_N"',
    kinds: ["trigger-off"],
  },
  {
    drift: "a new partition without TRUNCATE trigger",
    done: "create table event_3 partition of event for values from (20) to (30)",
    kinds: ["truncate-trigger-missing"],
  },
  {
    drift: "a TRUNCATE trigger dropped",
    table: "users",
    done: 'drop trigger "00_audit_truncate_N" on users',
    kinds: ["truncate-trigger-missing"],
  },
  {
    drift: "a partition detached, which keeps our TRUNCATE trigger",
    done: "alter table event detach partition event_2",
    kinds: ["trigger-stray"],
  },
  {
    drift: "a partition with rows attached unseen",
    done: unseen(
      "create table event_4 (id int primary key, note text); insert into event_4 values (31, 'x'); alter table event attach partition event_4 for values from (30) to (40)",
    ),
    kinds: ["partitions-changed", "truncate-trigger-missing"],
  },
  {
    drift: "a trigger function rewritten",
    table: "users",
    done: "create or replace function audit._insert_N() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as 'begin return null; end'",
    kinds: ["function-changed"],
  },
  {
    drift: "a trigger function dropped",
    table: "users",
    done: "drop function audit._insert_N() cascade",
    kinds: ["function-missing", "trigger-missing"],
  },
  {
    drift: "a trigger function without its pinned path",
    table: "users",
    done: "alter function audit._update_N() reset search_path",
    kinds: ["function-settings"],
  },
  {
    drift: "a trigger function with the caller's rights",
    table: "users",
    done: "alter function audit._update_N() security invoker",
    kinds: ["function-settings"],
  },
  {
    drift: "a trigger function that belongs to a superuser",
    table: "users",
    done: "alter function audit._update_N() owner to postgres",
    kinds: ["function-owner"],
  },
  {
    drift: "a trigger function that anyone may call",
    table: "users",
    done: "grant execute on function audit._update_N() to public",
    kinds: ["function-open"],
  },
  {
    drift: "a column renamed unseen",
    done: unseen("alter table users rename column note to remark"),
    kinds: ["table-changed"],
  },
  {
    drift: "a column retyped unseen",
    done: unseen("alter table users alter column name type varchar(90)"),
    kinds: ["table-changed"],
  },
  {
    drift: "a column added unseen",
    done: unseen("alter table users add column more int"),
    kinds: ["table-changed"],
  },
  {
    drift: "a trigger of the application's added unseen",
    done: unseen("create trigger own after insert on users for each row execute function own()"),
    kinds: ["table-changed"],
  },
  {
    drift: "a table renamed unseen",
    done: unseen("alter table users rename to people"),
    kinds: ["table-renamed"],
  },
  { drift: "a table dropped unseen", done: unseen("drop table doomed"), kinds: ["table-gone"] },
  {
    drift: "another primary key",
    done: "alter table orders drop constraint orders_pkey; alter table orders add primary key (id, user_id)",
    kinds: ["key-lost"],
  },
  {
    drift: "the chosen unique index dropped",
    done: "drop index keyed_ab",
    kinds: ["key-lost"],
    decides: true,
  },
  {
    drift: "another owner of a table",
    done: `alter table orders owner to ${stranger}`,
    kinds: ["rows-owner"],
  },
  {
    drift: "coverage ended",
    table: "orders",
    done: "select audit._end_coverage(N, 'by hand')",
    kinds: ["coverage-ended"],
  },
  { drift: "a history view dropped", done: "drop view audit.users_history", kinds: ["view-missing"] },
  {
    drift: "a history view that reads with the rights of its owner",
    done: "alter view audit.users_history set (security_invoker = false)",
    kinds: ["view-outdated"],
  },
  {
    drift: "a history view of which nothing is known",
    done: "update audit.relation set view_made = 'x' where table_name = 'users'",
    kinds: ["view-outdated"],
  },
  {
    drift: "a right of audit_ddl revoked",
    done: "revoke trigger on orders from audit_ddl",
    kinds: ["grant-missing"],
  },
  {
    drift: "an event trigger dropped",
    done: "do $$ begin execute format('drop event trigger audit_%s_sql_drop', 'audit'::regnamespace::oid); end $$",
    kinds: ["event-trigger-missing"],
  },
  {
    drift: "an event trigger disabled",
    done: "do $$ begin execute format('alter event trigger audit_%s_ddl_command_end disable', 'audit'::regnamespace::oid); end $$",
    kinds: ["event-trigger-off"],
  },
  {
    drift: "the log's guard dropped",
    done: "drop trigger _append_only_truncate on audit.change",
    kinds: ["guard-missing"],
  },
  {
    drift: "a segment's guard disabled",
    done: "alter table audit.change_1 disable trigger _append_only",
    kinds: ["guard-off"],
  },
  {
    drift: "the hot segment detached",
    done: "alter table audit.change detach partition audit.change_1",
    kinds: ["segment-lost"],
  },
  {
    drift: "the function that names the hot segment changed",
    done: "create or replace function audit._hot_1() returns integer language sql immutable as 'select 77'",
    kinds: ["hot-function-wrong"],
  },
  {
    drift: "a helper function changed",
    done: "create or replace function audit._matches_glob(name text, globs text[]) returns boolean language sql immutable as 'select false'",
    kinds: ["helper-changed"],
  },
  {
    drift: "a helper function dropped",
    done: "drop function audit._context(text)",
    kinds: ["helper-missing"],
  },
  {
    drift: "the sequence behind the log",
    done: "select setval('audit.change_id', 1, false)",
    kinds: ["sequence-behind"],
  },
  {
    drift: "a role that may log in",
    done: "alter role audit_writer login createdb",
    kinds: ["role-attributes"],
  },
  { drift: "a role with a member", done: `grant audit_writer to ${stranger}`, kinds: ["role-members"] },
  {
    drift: "a right of the trigger functions revoked",
    done: "revoke insert on audit.change from audit_writer; revoke usage on sequence audit.change_id from audit_truncate; revoke execute on function audit._context(text) from audit_writer",
    kinds: ["right-missing", "right-missing"],
  },
  {
    drift: "a log that a stranger may write to",
    done: `grant insert, delete on audit.change to ${stranger}`,
    kinds: ["log-open"],
  },
];

/** Drifts that do not get into each other's way. */
const atOnce = [
  "a trigger dropped",
  "a TRUNCATE trigger dropped",
  "ENABLE ALWAYS lost",
  "the trigger of a partition disabled",
  "a new partition without TRUNCATE trigger",
  "a trigger function without its pinned path",
  "a trigger function that anyone may call",
  "a right of the trigger functions revoked",
  "another owner of a table",
  "coverage ended",
  "a right of audit_ddl revoked",
  "an event trigger dropped",
  "an event trigger disabled",
  "the log's guard dropped",
  "the function that names the hot segment changed",
  "a helper function changed",
  "the sequence behind the log",
  "a role that may log in",
  "a role with a member",
  "a log that a stranger may write to",
];

function numbered(done: string, table: string | undefined): string {
  return done.replaceAll(/(?<=_)N\b|\bN(?=,)/g, String(numbers.get(table ?? "") ?? "N"));
}

describe("check and sync", () => {
  it("find nothing in what was just set up", async () => {
    await withCopy(async ({ audit }) => {
      const { stdout } = await audit("check");
      expect(stdout).toBe("All is as it was set up.\n");
      expect((await audit("sync")).stdout).toBe("There was nothing to mend.\n");
    });
  });

  it.each(cases)("find and mend $drift", async ({ done, table, kinds, decides }) => {
    await withCopy(async ({ audit, sql }) => {
      await sql.unsafe(numbered(done, table));
      const found = await check(audit);
      expect(found.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
      for (const { message, sql: mend, kind } of found) {
        expect(message, kind).toMatch(/^[A-Z\w"].*[.)]$/s);
        if (!decides) expect(mend.length, kind).toBeGreaterThan(0);
      }
      const { code, stdout } = await audit.run(["sync"]);
      expect({ code, stdout }).toMatchObject({ code: decides ? 1 : 0 });
      if (decides) expect((await check(audit)).map(({ kind }) => kind)).toEqual(kinds);
      // and what is mended works
      await sql.unsafe("insert into orders values (5, 1); update orders set user_id = 2; delete from orders");
      expect((await audit.items("history", "orders")).length).toBeGreaterThanOrEqual(3);
    });
  });

  it("find twenty at once, mend them, and have nothing to do the second time", async () => {
    await withCopy(async ({ audit, sql }) => {
      const together = cases.filter(({ drift }) => atOnce.includes(drift));
      expect(together).toHaveLength(20);
      for (const { done, table } of together) await sql.unsafe(numbered(done, table));
      const found = (await check(audit)).map(({ kind }) => kind);
      expect(found.sort()).toEqual(together.flatMap(({ kinds }) => kinds).sort());
      expect((await audit("sync")).stdout).toMatch(/\n\d+ mended\n$/);
      expect((await audit("sync")).stdout).toBe("There was nothing to mend.\n");
      expect(await check(audit)).toEqual([]);
    });
  });

  it("print SQL that mends when it is run by hand", async () => {
    await withCopy(async ({ audit, sql }) => {
      const number = numbers.get("users");
      await sql.unsafe(
        `drop trigger "00_audit_insert_${number}" on users; drop trigger _append_only on audit.change`,
      );
      const { stdout } = await audit("sync", "--dry-run");
      expect((await check(audit)).length).toBeGreaterThan(0);
      await sql.unsafe(stdout).simple();
      expect(await check(audit)).toEqual([]);
    });
  });

  it("name each feature that a plain role goes without, and nothing else", async () => {
    const owner = `owner_${randomBytes(3).toString("hex")}`;
    const maintenance = connectTo(urlOfDatabase(database.url, "postgres"), { max: 1 });
    await maintenance.unsafe(`create role ${owner} login password 'x'`);
    await maintenance.unsafe(`create database ${owner} owner ${owner} template template0`);
    const url = new URL(urlOfDatabase(database.url, owner));
    url.username = owner;
    url.password = "x";
    const plain = auditOf({ url: url.href });
    const sql = connectTo(url.href, { max: 1 });
    await plain("init");
    await sql.unsafe("create table t (id int primary key)");
    await plain("enable", "t");
    expect((await check(plain)).map(({ kind }) => kind)).toEqual(["no-roles", "no-event-triggers"]);
    await sql.unsafe("alter table t add column more int; insert into t values (1, 2)");
    expect((await check(plain)).map(({ kind }) => kind)).toEqual([
      "table-changed-guarded",
      "no-roles",
      "no-event-triggers",
    ]);
    await plain("sync");
    expect((await check(plain)).map(({ kind }) => kind)).toEqual(["no-roles", "no-event-triggers"]);
    await sql.end();
    await maintenance.unsafe(`drop database ${owner} with (force)`);
    await maintenance.unsafe(`drop role ${owner}`);
    await maintenance.end();
  });

  it("know at least twenty kinds of drift by these cases", () => {
    const tried = new Set(cases.flatMap(({ kinds }) => kinds));
    expect(tried.size).toBeGreaterThanOrEqual(20);
    expect([...tried].filter((kind) => !(driftKinds as readonly string[]).includes(kind))).toEqual([]);
  });
});
