import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { type Registered, registered } from "../helpers/registered.ts";
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
    drop table if exists app.note, app.other cascade;
    create table app.note (id int primary key, body text)`);
});

async function kindOf(table = "app.note", settings: Registered = {}): Promise<string | undefined> {
  const [row] = await database.sql.unsafe<{ it: string }[]>(
    `select audit._capture_kind(${registered(table, settings)}) as it`,
  );
  return row?.it;
}

const trigger = "create trigger own before insert on app.note for each row execute function app.noop()";
const reference = (action: string) =>
  `create table app.other (id int primary key, note int references app.note ${action})`;

describe("_capture_kind", () => {
  it.each<[string, string]>([
    ["an ordinary table", "select"],
    ["an unlogged table", "alter table app.note set unlogged"],
    ["beside foreign keys that do not cascade from it", reference("on update cascade")],
    ["beside foreign keys that refuse", reference("on delete restrict")],
    [
      "beside foreign keys that cascade to it",
      "create table app.other (id int primary key); alter table app.note add other int references app.other on delete cascade",
    ],
    ["under row-level security", "alter table app.note enable row level security"],
    ["beside a rule", "create rule own as on insert to app.note do also select 1"],
  ])("is by statement: %s", async (_, statement) => {
    await database.sql.unsafe(statement);
    expect(await kindOf()).toBe("statement");
  });

  it.each<[string, string]>([
    ["beside a trigger of the application's", trigger],
    ["beside one that is switched off", `${trigger}; alter table app.note disable trigger own`],
    [
      "beside a statement trigger",
      "create trigger own after delete on app.note for each statement execute function app.noop()",
    ],
    ["under a foreign key that cascades from it", reference("on delete cascade")],
    ["under a foreign key that sets null", reference("on delete set null")],
    ["under a foreign key that sets a default", reference("on delete set default")],
    [
      "under a foreign key of its own that cascades",
      "alter table app.note add parent int references app.note on delete cascade",
    ],
    ["with a child", "create table app.other () inherits (app.note)"],
    ["as a child", "create table app.other (); alter table app.note inherit app.other"],
  ])("is by row: %s", async (_, statement) => {
    await database.sql.unsafe(statement);
    expect(await kindOf()).toBe("row");
  });

  it("is by row for a partitioned table and for a partition", async () => {
    await database.sql.unsafe(`
      create table app.other (id int primary key) partition by list (id);
      create table app.leaf partition of app.other default`);
    expect(await kindOf("app.other")).toBe("row");
    expect(await kindOf("app.leaf")).toBe("row");
  });

  it("is by row in replica role, too, and where DDL is not followed", async () => {
    expect(await kindOf("app.note", { always: true })).toBe("row");
    expect(await kindOf("app.note", { capture: "guarded" })).toBe("row");
  });
});

/** For what operations the table's triggers fire once per row. */
async function byRow(): Promise<string[]> {
  const rows = await database.sql<{ operation: string }[]>`
    select (regexp_match(tgname, '^00_audit_([a-z]+)_'))[1] as operation
    from pg_trigger
    where tgrelid = 'app.note'::regclass and tgname ~ '^00_audit_' and tgtype & 1 = 1
    order by 1`;
  return rows.map(({ operation }) => operation);
}

it("decides what triggers the table has, again with each DDL command", async () => {
  await audit("enable", "app.note");
  expect(await byRow()).toEqual(["update"]);
  await database.sql.unsafe(trigger);
  expect(await byRow()).toEqual(["delete", "insert", "update"]);
  await database.sql.unsafe("drop trigger own on app.note");
  expect(await byRow()).toEqual(["update"]);
  await database.sql.unsafe(reference("on delete cascade"));
  expect(await byRow()).toEqual(["delete", "insert", "update"]);
  await database.sql.unsafe("drop table app.other");
  expect(await byRow()).toEqual(["update"]);
  await database.sql.unsafe("create table app.other () inherits (app.note)");
  expect(await byRow()).toEqual(["delete", "insert", "update"]);
});

// CREATE SCHEMA is the one command that is reported, whatever it makes along with the schema.
it("is decided again where a table that cascades comes with its schema", async () => {
  await audit("enable", "app.note");
  await database.sql.unsafe(
    "create schema later create table referring (note int references app.note on delete cascade)",
  );
  expect(await byRow()).toEqual(["delete", "insert", "update"]);
});
