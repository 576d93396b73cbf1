import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema app;
    create function app.noop() returns trigger language plpgsql as 'begin return new; end'`);
});

beforeEach(async () => {
  await database.sql.unsafe(`
    drop schema if exists later cascade;
    drop table if exists app.note, app.parted, app.other, app.made cascade;
    drop type if exists app.mood cascade;
    create type app.mood as enum ('good');
    create table app.note (id int primary key, body text, mood app.mood);
    create table app.parted (id int primary key) partition by list (id);
    create table app.other (id int primary key)`);
  await audit("enable", "app.note", "app.parted");
});

/** Whether our event triggers compared the audited tables with the catalog on these commands, one after the other. */
async function looked(statements: string): Promise<boolean> {
  return database.sql.begin(async (sql) => {
    await sql`update audit.relation set sight = 'stale' where oid = 'app.parted'::regclass`;
    await sql.unsafe(statements);
    const [row] = await sql<{ it: boolean }[]>`
      select sight <> 'stale' as it from audit.relation where oid = 'app.parted'::regclass`;
    return row?.it === true;
  });
}

const trigger = "create trigger own before insert on app.other for each row execute function app.noop()";

describe("audited tables are looked at", () => {
  it.each([
    "alter table app.note add more text",
    "alter table app.note rename body to text",
    "alter table app.note rename to paper; alter table app.paper rename to note",
    "alter schema app rename to elsewhere; alter schema elsewhere rename to app",
    "alter type app.mood rename to feeling",
    "drop type app.mood cascade",
    "drop table app.note",
    "drop table app.other",
    "alter table app.note drop body",
    trigger,
    "create table app.made partition of app.parted default",
    "create table app.made (note int references app.note on delete cascade)",
    "create table app.made () inherits (app.note)",
    "create table app.made (id int primary key); alter table app.parted attach partition app.made default",
    "alter table app.other owner to audit_reader",
  ])("on %s", async (statements) => {
    expect(await looked(statements)).toBe(true);
  });

  it("on a trigger that is dropped", async () => {
    await database.sql.unsafe(trigger);
    expect(await looked("drop trigger own on app.other")).toBe(true);
  });
});

describe("audited tables are not looked at", () => {
  it.each([
    "create table app.made (id int primary key, body text check (body <> ''))",
    "create temp table made (id int primary key); drop table made",
    "create table app.made as select 1 as one",
    "create index on app.note (body)",
    "create view app.seen as select id from app.note; drop view app.seen",
    "create function app.f() returns int language sql as 'select 1'; alter function app.f() immutable; drop function app.f()",
    "create sequence app.s; drop sequence app.s",
    "create type app.t as (a int); drop type app.t",
    "create schema later; drop schema later",
    "grant select on app.note to audit_reader; revoke select on app.note from audit_reader",
    "comment on table app.note is 'x'",
    "create policy p on app.note using (true); drop policy p on app.note",
    "reindex table app.note",
    "alter default privileges in schema app grant select on tables to audit_reader",
  ])("on %s", async (statements) => {
    expect(await looked(statements)).toBe(false);
  });

  it("on what enable and disable do themselves to their triggers", async () => {
    expect(
      await looked(`
        do $do$ declare relation constant int := audit._relation_of('app.note'::regclass); begin
          execute format('drop trigger %I on app.note', '00_audit_insert_' || relation);
          execute format(
            'create trigger %I after insert on app.note referencing new table as inserted for each statement execute function audit.%I()',
            '00_audit_insert_' || relation, '_insert_' || relation);
        end $do$`),
    ).toBe(false);
  });
});
