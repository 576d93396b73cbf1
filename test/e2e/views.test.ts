import { beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/** Columns with their types, in order, without those of the change itself. */
async function columnsOf(view: string): Promise<Record<string, string>> {
  const rows = await database.sql<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, atttypmod) as type
    from pg_attribute where attrelid = ${view}::regclass and attnum > 10 order by attnum`;
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

async function findings(): Promise<string[]> {
  const { stdout } = await audit.run(["check", "--json"]);
  const { items } = JSON.parse(stdout) as { items: { kind: string; subject: string }[] };
  return items.map(({ kind, subject }) => `${kind} ${subject}`);
}

describe("a history view", () => {
  beforeAll(async () => {
    await database.sql.unsafe(`
      create type mood as enum ('ok', 'bad');
      create domain positive as integer check (value > 0);
      create table users (
        id int primary key, email varchar(20), age positive, feeling mood, tags text[], price numeric(8, 2), paid money,
        born date, at timestamptz, pin text, hidden text)`);
    await audit("enable", "users", "--view", "--redact", "pin", "--exclude", "hidden");
    await database.sql.begin(async (sql) => {
      await sql`select set_config('audit.actor', 'ann', true), set_config('audit.context', '{"reason":"r"}', true)`;
      await sql`
        insert into users values (1, 'a@x', 30, 'ok', '{a,NULL}', 1.50, '2.25', '2000-01-31', '2026-01-02 03:04:05.678+00', 'p', 'h')`;
      await sql`update users set email = null, age = 31, pin = 'q'`;
      await sql`update users set id = 2`;
      await sql`delete from users`;
    });
  });

  it("has the table's columns and types, read back without code or types of others", async () => {
    expect(await columnsOf("audit.users_history")).toEqual({
      id: "integer",
      email: "character varying(20)",
      age: "integer",
      feeling: "text",
      tags: "text[]",
      price: "numeric(8,2)",
      paid: "text",
      born: "date",
      at: "timestamp with time zone",
      pin: "text",
      hidden: "text",
    });
    await database.sql.unsafe("create table typeless (m mood, p positive); drop table typeless");
  });

  it("shows each change with what the row was like", async () => {
    const rows = await database.sql`
      select audit_op, audit_key, audit_actor, audit_context::text, audit_changed, id, email, age, feeling, tags::text, price, paid,
        born, at at time zone 'UTC' as at, pin, hidden
      from audit.users_history order by audit_id`;
    const none = {
      email: null,
      age: null,
      feeling: null,
      tags: null,
      price: null,
      paid: null,
      born: null,
      at: null,
    };
    const by = { audit_actor: "ann", audit_context: '{"reason": "r"}', pin: null, hidden: null };
    const rest = {
      feeling: "ok",
      tags: "{a,NULL}",
      price: "1.50",
      paid: "$2.25",
      born: "2000-01-31",
      at: "2026-01-02 03:04:05.678",
    };
    expect(rows).toEqual([
      {
        ...by,
        ...rest,
        audit_op: "insert",
        audit_key: "1",
        audit_changed: null,
        id: 1,
        email: "a@x",
        age: 30,
      },
      {
        ...by,
        ...none,
        audit_op: "update",
        audit_key: "1",
        audit_changed: ["age", "pin", "email"],
        id: 1,
        age: 31,
      },
      { ...by, ...none, audit_op: "update", audit_key: "2", audit_changed: ["id"], id: 2 },
      {
        ...by,
        ...rest,
        audit_op: "delete",
        audit_key: "2",
        audit_changed: null,
        id: 2,
        email: null,
        age: 31,
      },
    ]);
  });

  it("follows DDL, and stays in the way of none of it", async () => {
    await database.sql.unsafe(`
      create role "${database.name}_bi";
      grant select on audit.users_history to "${database.name}_bi"`);
    const { sql } = database;
    await sql.unsafe(`
      alter table users rename email to mail;
      alter table users rename born to email;
      alter table users add column "n""%s" int default 7;
      alter table users alter price type bigint using 9;
      alter table users drop column tags;
      alter table users alter feeling type text;
      drop type mood;
      insert into users (id, mail, email) values (3, 'm', '2001-02-03')`);
    expect(await columnsOf("audit.users_history")).toEqual({
      id: "integer",
      mail: "character varying(20)",
      age: "integer",
      feeling: "text",
      price: "bigint",
      paid: "text",
      email: "date",
      at: "timestamp with time zone",
      pin: "text",
      hidden: "text",
      'n"%s': "integer",
    });
    const rows = await sql`
      select audit_changed, mail, email, feeling, price, "n""%s" as n from audit.users_history order by audit_id`;
    const none = { mail: null, email: null, feeling: null, price: null, n: null };
    expect(rows).toEqual([
      { ...none, audit_changed: null, mail: "a@x", email: "2000-01-31", feeling: "ok" },
      { ...none, audit_changed: ["age", "pin", "mail"] },
      { ...none, audit_changed: ["id"] },
      { ...none, audit_changed: null, email: "2000-01-31", feeling: "ok" },
      { ...none, audit_changed: null, mail: "m", email: "2001-02-03", n: 7 },
    ]);
    const [may] = await sql`
      select has_table_privilege('audit_reader', 'audit.users_history', 'select') as reader,
        has_table_privilege(${`${database.name}_bi`}, 'audit.users_history', 'select') as bi`;
    expect(may).toEqual({ reader: true, bi: true });
    await sql.unsafe(`drop owned by "${database.name}_bi"; drop role "${database.name}_bi"`);
    expect(await findings()).toEqual([]);
  });

  it("stays behind rather than break DDL, and is brought along by sync", async () => {
    const { sql } = database;
    await sql.unsafe(`
      create view public.report as select mail from audit.users_history;
      alter table users add column later int;
      alter table users rename mail to address`);
    expect(Object.keys(await columnsOf("audit.users_history"))).toContain("later");
    expect(await findings()).toEqual(["view-outdated audit.users_history"]);
    const refused = await audit.run(["sync"]);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain("Drop what is built on it first.");
    await sql.unsafe("drop view public.report");
    await audit("sync");
    expect(Object.keys(await columnsOf("audit.users_history"))).toContain("address");
    await sql.unsafe("drop view audit.users_history");
    expect(await findings()).toEqual(["view-missing audit.users_history"]);
    await audit("sync");
    await sql.unsafe("alter view audit.users_history reset (security_invoker)");
    expect(await findings()).toEqual(["view-outdated audit.users_history"]);
    await audit("sync");
    expect(await findings()).toEqual([]);
  });

  it("reads with the rights of whoever asks", async () => {
    const role = `peeper_${database.name}`;
    await database.sql.unsafe(`
      create role "${role}";
      grant usage on schema audit to "${role}";
      grant select on audit.users_history to "${role}"`);
    const session = connectTo(database.url, { max: 1 });
    try {
      await session.unsafe(`set role "${role}"`);
      await expect(session.unsafe("select from audit.users_history")).rejects.toThrow(/permission denied/);
      await session.unsafe(`reset role; grant audit_reader to "${role}"; set role "${role}"`);
      expect(await session.unsafe("select id from audit.users_history")).toHaveLength(5);
    } finally {
      await session.end();
      await database.sql.unsafe(`drop owned by "${role}"; drop role "${role}"`);
    }
  });

  it("outlives disable and DROP TABLE, and gives its name to the next table of that name", async () => {
    await audit("disable", "users");
    await database.sql.unsafe("alter table users add column unseen int");
    expect(Object.keys(await columnsOf("audit.users_history"))).toContain("unseen");
    await database.sql.unsafe("drop table users");
    expect(await database.sql`select address from audit.users_history`).toHaveLength(5);
    expect(await findings()).not.toContain("view-outdated audit.users_history");
    await database.sql.unsafe("create table users (id int primary key)");
    await audit("enable", "users", "--view");
    expect(await columnsOf("audit.users_history")).toEqual({ id: "integer" });
    expect(await database.sql`select from audit.users_history`).toHaveLength(0);
  });

  it("stands in the way neither of init nor of another installation", async () => {
    expect(
      await database.sql`
      select pg_get_userbyid(relowner)::text as owner from pg_class where oid = 'audit.users_history'::regclass`,
    ).toEqual([{ owner: "audit_ddl" }]);
    await audit("init");
    await audit("init", "--audit-schema", "audit_beside");
    await audit("uninstall", "--audit-schema", "audit_beside", "--confirm", database.name);
    expect(await findings()).not.toContain("view-outdated audit.users_history");
  });

  it("goes with --no-view", async () => {
    await audit("enable", "users", "--no-view");
    expect(await database.sql`select to_regclass('audit.users_history') as view`).toEqual([{ view: null }]);
    expect(await findings()).not.toContain("view-missing audit.users_history");
  });
});

describe("names", () => {
  it("are refused where something else has them", async () => {
    await database.sql.unsafe(`
      create schema "O""dd";
      create table "O""dd"."T.x" (audit_id int primary key, audit_old text, "a b" text);
      create table one (id int primary key);
      create table two (id int primary key);
      insert into "O""dd"."T.x" values (1, 'o', 'v')`);
    const taken = await audit.run(["enable", "one", "--view-name", "history"]);
    expect(taken).toMatchObject({ code: 5, stdout: "" });
    expect(taken.stderr).toBe(
      "error: public.one: its view cannot be called audit.history: that is view audit.history.\n" +
        "Choose another name, such as: --view-name '{schema}_{table}_history'\n",
    );
    expect((await audit.run(["enable", "one", "--view-name", "change_99"])).code).toBe(5);
    const both = await audit.run(["enable", "one", "two", "--view-name", "same"]);
    expect(both.stderr).toContain(
      "public.two: its view cannot be called audit.same: that is the view of public.one.",
    );
    expect((await audit.run(["enable", "one", "--view-name", "{name}"])).code).toBe(2);
    expect(await database.sql`select from audit.relation where table_name in ('one', 'two')`).toHaveLength(0);
  });

  it("of our columns give way to the table's", async () => {
    await audit("enable", '"O""dd"."T.x"', "--view-name", '{schema}.{table}\' "log"');
    await database.sql.unsafe(`update "O""dd"."T.x" set "a b" = 'w'`);
    const rows = await database.sql.unsafe(
      `select _audit_op, _audit_changed, audit_id, audit_old, "a b" from audit."O""dd.T.x' ""log"""`,
    );
    expect(rows).toEqual([
      { _audit_op: "update", _audit_changed: ["a b"], audit_id: 1, audit_old: null, "a b": "w" },
    ]);
    expect(await findings()).toEqual([]);
  });

  it("follow the default", async () => {
    await audit("defaults", "set", "--view", "--view-name", "{table}_log");
    await audit("enable", "one", "two");
    expect(
      await database.sql`select view_name from audit.relation where table_name in ('one', 'two')`,
    ).toEqual([{ view_name: "one_log" }, { view_name: "two_log" }]);
    await audit("defaults", "unset", "view", "view-name");
  });
});

describe("keys and images", () => {
  it("come out of composite keys, whole rows and old values alone", async () => {
    for (const images of ["full", "lean"]) {
      const table = `pair_${images}`;
      await database.sql.unsafe(`create table ${table} (b text, a int, v int, w int, primary key (a, b))`);
      await audit("enable", table, "--view", "--images", images);
      await database.sql.unsafe(`
        insert into ${table} values ('x,"y', 1, 2, 3);
        update ${table} set v = 4;
        update ${table} set a = 5`);
    }
    const read = (table: string) =>
      database.sql.unsafe(
        `select audit_changed as c, a, b, v, w from audit.${table}_history order by audit_id`,
      );
    expect(await read("pair_full")).toEqual([
      { c: null, a: 1, b: 'x,"y', v: 2, w: 3 },
      { c: ["v"], a: 1, b: 'x,"y', v: 4, w: 3 },
      { c: ["a"], a: 5, b: 'x,"y', v: 4, w: 3 },
    ]);
    expect(await read("pair_lean")).toEqual([
      { c: null, a: 1, b: 'x,"y', v: null, w: null },
      { c: ["v"], a: 1, b: 'x,"y', v: null, w: null },
      { c: null, a: 5, b: 'x,"y', v: null, w: null },
    ]);
  });

  it("do not mix with those of another key", async () => {
    await database.sql.unsafe(`
      create table rekeyed (id int primary key, code text unique not null)`);
    await audit("enable", "rekeyed", "--view");
    await database.sql.unsafe(`
      insert into rekeyed values (1, 'x');
      update rekeyed set code = 'y';
      alter table rekeyed drop constraint rekeyed_pkey`);
    await audit("enable", "rekeyed", "--key", "code");
    await database.sql.unsafe("update rekeyed set id = 2");
    expect(await database.sql`select id, code from audit.rekeyed_history order by audit_id`).toEqual([
      { id: 1, code: "x" },
      { id: null, code: "y" },
      { id: 2, code: "y" },
    ]);
  });
});
