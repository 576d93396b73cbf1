import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeCatalog } from "../helpers/catalog.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();
const role = `catalog_test_${randomBytes(4).toString("hex")}`;
const roles = `${role}%`;

beforeAll(async () => {
  await database.sql.unsafe(`
    create role ${role};
    create schema app;
    create table app.item (id int primary key, name text not null, price numeric, note text);
    create table app.part (id int, at date) partition by range (at);
    create sequence app.counter;
    create view app.names as select name from app.item;
    create function app.touch() returns trigger language plpgsql as 'begin return new; end';
    create function app.on_ddl() returns event_trigger language plpgsql as 'begin end';
    create function app.plus(a int, b int) returns int language sql immutable as 'select a + b';
    create trigger touch before update on app.item for each row execute function app.touch();
    create type app.mood as enum ('good');
    create index item_name on app.item (name);
    create publication everything;
  `);
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
});

/** What is in the listing only after, and only before, the statement; which is rolled back. */
async function difference(statement: string): Promise<{ added: string[]; gone: string[] }> {
  const connection = await database.sql.reserve();
  try {
    await connection.unsafe("begin");
    const before = await describeCatalog(connection, { roles });
    await connection.unsafe(statement);
    const after = await describeCatalog(connection, { roles });
    return {
      added: after.filter((line) => !before.includes(line)),
      gone: before.filter((line) => !after.includes(line)),
    };
  } finally {
    await connection.unsafe("rollback");
    connection.release();
  }
}

describe("a listing of the catalog notices", () => {
  it.each([
    ["a schema", "create schema left_over"],
    ["a table", "create table app.left_over (id int)"],
    ["an unlogged table", "alter table app.item set unlogged"],
    ["a table's storage options", "alter table app.item set (fillfactor = 70)"],
    ["an owner", `alter table app.item owner to ${role}`],
    ["row-level security", "alter table app.item enable row level security"],
    ["forced row-level security", "alter table app.item force row level security"],
    ["a replica identity", "alter table app.item replica identity full"],
    ["a column", "alter table app.item add column left_over int"],
    ["a dropped column", "alter table app.item drop column note"],
    ["a column's default", "alter table app.item alter column note set default 'x'"],
    ["a changed default", "alter table app.item alter column note set default 'y'"],
    ["a column's type", "alter table app.item alter column price type numeric(10, 2)"],
    ["a column's NOT NULL", "alter table app.item alter column price set not null"],
    ["a column's statistics target", "alter table app.item alter column note set statistics 500"],
    ["an identity column", "alter table app.item alter column id add generated always as identity"],
    ["a table privilege", `grant select on app.item to ${role}`],
    ["a revoked privilege of the owner", "revoke delete on app.item from current_user"],
    ["a column privilege", `grant select (name) on app.item to ${role}`],
    ["a sequence privilege", `grant usage on sequence app.counter to ${role}`],
    ["a schema privilege", `grant usage on schema app to ${role}`],
    ["a function privilege", `grant execute on function app.touch() to ${role}`],
    ["a function closed to the public", "revoke execute on function app.plus(int, int) from public"],
    ["a type privilege", "revoke usage on type app.mood from public"],
    ["a default privilege", `alter default privileges in schema app grant select on tables to ${role}`],
    ["a privilege on a shipped function", `grant execute on function pg_catalog.pg_ls_waldir() to ${role}`],
    ["a privilege on a shipped table", `grant select on pg_catalog.pg_authid to ${role}`],
    ["a privilege on a shipped column", `grant select (rolname) on pg_catalog.pg_authid to ${role}`],
    ["a privilege on a setting", `grant set on parameter work_mem to ${role}`],
    [
      "a privilege on the database",
      `do $$ begin execute format('grant connect on database %I to ${role}', current_database()); end $$`,
    ],
    ["a function", "create function app.left_over() returns int language sql as 'select 1'"],
    ["an overload", "create function app.plus(a text, b int) returns int language sql as 'select 1'"],
    ["a procedure", "create procedure app.left_over() language sql as 'select 1'"],
    [
      "a function's body",
      "create or replace function app.plus(a int, b int) returns int language sql immutable as 'select b + a'",
    ],
    ["a function's settings", "alter function app.plus(int, int) set search_path = pg_catalog, pg_temp"],
    ["a definer function", "alter function app.plus(int, int) security definer"],
    ["a function's volatility", "alter function app.plus(int, int) stable"],
    ["an aggregate", "create aggregate app.total (int) (sfunc = app.plus, stype = int)"],
    ["an operator", "create operator app.@@@ (function = app.plus, leftarg = int, rightarg = int)"],
    ["an operator class", "create operator class app.left_over for type int4 using hash as operator 1 ="],
    ["a cast", "create cast (app.mood as int) with inout"],
    ["a collation", `create collation app.left_over from "C"`],
    [
      "a trigger",
      "create trigger t after delete on app.item for each statement execute function app.touch()",
    ],
    ["a disabled trigger", "alter table app.item disable trigger touch"],
    ["an ALWAYS trigger", "alter table app.item enable always trigger touch"],
    ["a renamed trigger", "alter trigger touch on app.item rename to touched"],
    [
      "a trigger's condition",
      "create or replace trigger touch before update on app.item for each row when (old.id > 1) execute function app.touch()",
    ],
    ["an event trigger", `create event trigger ${role} on ddl_command_end execute function app.on_ddl()`],
    ["a check constraint", "alter table app.item add constraint c check (price > 0)"],
    ["a constraint not validated", "alter table app.item add constraint c check (price > 0) not valid"],
    ["a foreign key", "alter table app.item add foreign key (id) references app.item"],
    ["an index", "create index on app.item (price)"],
    ["a partial index", "create index on app.item (price) where price > 0"],
    ["an index of expressions", "create index on app.item (lower(name))"],
    ["a clustered index", "alter table app.item cluster on item_name"],
    ["a partition", "create table app.part_1 partition of app.part default"],
    ["an inheritance child", "create table app.child () inherits (app.item)"],
    ["a rule", "create rule r as on delete to app.item do also notify x"],
    ["a view", "create view app.left_over as select 1 as one"],
    ["a view's query", "create or replace view app.names as select name from app.item where id > 0"],
    ["a policy", "create policy p on app.item for select using (id > 0)"],
    ["a sequence", "create sequence app.left_over"],
    ["a sequence's increment", "alter sequence app.counter increment 10"],
    ["a sequence's owning column", "alter sequence app.counter owned by app.item.id"],
    ["a type", "create type app.pair as (a int, b int)"],
    ["an enum's value", "alter type app.mood add value 'bad'"],
    ["a domain", "create domain app.positive as int check (value > 0)"],
    ["a range type", "create type app.span as range (subtype = int)"],
    ["extended statistics", "create statistics app.left_over on id, price from app.item"],
    ["an extension", "create extension pgcrypto"],
    ["a language's privilege", "revoke usage on language plpgsql from public"],
    ["a publication", "create publication left_over"],
    ["a table in a publication", "alter publication everything add table app.item"],
    ["a foreign data wrapper", "create foreign data wrapper left_over"],
    ["a text search configuration", "create text search configuration app.left_over (copy = simple)"],
    ["a large object", "select lo_create(0)"],
    ["a comment on a table", "comment on table app.item is 'x'"],
    ["a comment on a column", "comment on column app.item.name is 'x'"],
    ["a comment on the schema public", "comment on schema public is 'x'"],
    ["a comment on a role", `comment on role ${role} is 'x'`],
    ["a role", `create role ${role}_2`],
    ["a role's attribute", `alter role ${role} createdb`],
    ["a membership", `grant pg_read_all_data to ${role}`],
    ["a role's setting", `alter role ${role} set work_mem = '8MB'`],
    [
      "a database's setting",
      `do $$ begin execute format('alter database %I set work_mem = ''8MB''', current_database()); end $$`,
    ],
  ])("%s", async (_what, statement) => {
    const { added, gone } = await difference(statement);
    expect([...added, ...gone]).not.toEqual([]);
  });
});

describe("a listing of the catalog does not mind", () => {
  it.each([
    ["nothing at all", "select 1"],
    ["rows", "insert into app.item values (1, 'a'); update app.item set name = 'b'; delete from app.item"],
    ["statistics", "insert into app.item values (1, 'a'); analyze app.item"],
    ["a rewritten table", "truncate app.item"],
    ["a table that came and went", "create table app.t (id serial primary key, a text); drop table app.t"],
    [
      "a trigger that came and went on a table that had none",
      `create trigger t before insert on app.part for each row execute function app.touch();
       drop trigger t on app.part`,
    ],
    [
      "a privilege given and taken back",
      `grant select on app.item to ${role}; revoke select on app.item from ${role}`,
    ],
    [
      "a column privilege given and taken back",
      `grant select (name) on app.item to ${role}; revoke select (name) on app.item from ${role}`,
    ],
    [
      "a function's privilege given and taken back",
      `grant execute on function app.plus(int, int) to ${role}; revoke execute on function app.plus(int, int) from ${role}`,
    ],
    [
      "a shipped function's privilege given and taken back",
      `grant execute on function pg_catalog.now() to ${role}; revoke execute on function pg_catalog.now() from ${role}`,
    ],
    ["a temporary table of a session", "create temporary table t (id int); drop table t"],
    ["an index that was rebuilt", "reindex table app.item"],
    ["a role that came and went", `create role ${role}_3; drop role ${role}_3`],
  ])("%s", async (_what, statement) => {
    expect(await difference(statement)).toEqual({ added: [], gone: [] });
  });

  it("a vacuum that clears what the server keeps as hints", async () => {
    await database.sql.unsafe("create index passing on app.part (id); drop index app.passing");
    const before = await describeCatalog(database.sql, { roles });
    await database.sql.unsafe("vacuum (full, analyze) app.item");
    await database.sql.unsafe("vacuum app.item");
    expect(await describeCatalog(database.sql, { roles })).toEqual(before);
  });
});

it("names the objects, so that a difference can be read", async () => {
  const { added } = await difference("create table app.left_over (id int)");
  expect(added.find((line) => line.startsWith("pg_class"))).toMatch(
    /^pg_class app\.left_over \{.*"relkind": "r"/,
  );
  expect(added.join("\n")).toContain("pg_attribute");
});

it("lists the roles asked for and no others", async () => {
  const lines = await describeCatalog(database.sql, { roles });
  expect(lines.filter((line) => line.startsWith("pg_authid"))).toHaveLength(1);
  const all = await describeCatalog(database.sql);
  expect(all.filter((line) => line.startsWith("pg_authid")).length).toBeGreaterThan(5);
});
