import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema app;
    create schema elsewhere;
    create function app.noop() returns trigger language plpgsql as 'begin return new; end'`);
});

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists app.note, app.other, app.parted, elsewhere.note cascade;
    drop type if exists app.mood;
    create type app.mood as enum ('good');
    create table app.note (id int primary key, body text, mood app.mood, loud text generated always as (upper(body)) stored);
    create table app.other (id int primary key, body text);
    create table app.parted (id int primary key) partition by list (id);
    create table app.parted_1 partition of app.parted for values in (1)`);
});

async function sightOf(table: string): Promise<string> {
  const [row] = await database.sql<{ sight: string }[]>`
    select sight from audit._sight(array[${table}::regclass::oid])`;
  return row?.sight ?? "";
}

const trigger = "create trigger own before insert on app.note for each row execute function app.noop()";

describe("_sight", () => {
  it.each<[string, string]>([
    ["a column added", "alter table app.note add more text"],
    ["a column dropped", "alter table app.note drop body cascade"],
    ["a column renamed", "alter table app.note rename body to text"],
    ["another type", "alter table app.note alter mood type text using mood::text"],
    ["another name of a type", "alter type app.mood rename to feeling"],
    ["another length", "alter table app.note alter mood type varchar(9)"],
    ["a generated column that is one no more", "alter table app.note alter loud drop expression"],
    ["a default", "alter table app.note alter body set default 'x'"],
    ["a trigger of the application's", trigger],
    ["inheritance", "create table app.child () inherits (app.note)"],
    ["a parent", "create table app.parent (); alter table app.note inherit app.parent"],
    [
      "a foreign key that cascades from it",
      "create table app.referring (note int references app.note on delete cascade)",
    ],
    ["another owner", "alter table app.note owner to audit_reader"],
  ])("changes with %s", async (_, statement) => {
    const before = await sightOf("app.note");
    await database.sql.unsafe(statement);
    expect(await sightOf("app.note")).not.toBe(before);
    await database.sql.unsafe("drop table if exists app.child, app.parent, app.referring cascade");
    await database.sql.unsafe("drop type if exists app.feeling cascade");
  });

  it.each<[string, string]>([
    ["another name", "alter table app.note rename to paper; alter table app.other rename to note"],
    ["another schema", "alter table app.note set schema elsewhere; alter table app.other rename to note"],
  ])("changes with %s", async (_, statement) => {
    const [found] = await database.sql<{ oid: number }[]>`select 'app.note'::regclass::oid as oid`;
    const sight = async () =>
      (
        await database.sql<
          { sight: string }[]
        >`select sight from audit._sight(array[${found?.oid ?? 0}::oid])`
      )[0];
    const before = await sight();
    await database.sql.unsafe(statement);
    expect(await sight()).not.toEqual(before);
    await database.sql.unsafe("drop table if exists app.paper");
  });

  it.each<[string, string]>([
    ["a partition that comes", "create table app.parted_2 partition of app.parted for values in (2)"],
    ["a partition that goes", "drop table app.parted_1"],
    ["a partition that is detached", "alter table app.parted detach partition app.parted_1"],
    [
      "a partition of a partition",
      `create table app.parted_2 partition of app.parted for values in (2) partition by list (id);
      create table app.parted_2_1 partition of app.parted_2 for values in (2)`,
    ],
  ])("changes with %s", async (_, statement) => {
    const before = await sightOf("app.parted");
    await database.sql.unsafe(statement);
    expect(await sightOf("app.parted")).not.toBe(before);
    await database.sql.unsafe("drop table if exists app.parted_1 cascade");
  });

  it.each<[string, string]>([
    ["NOT NULL", "alter table app.note alter body set not null"],
    ["an index", "create index on app.note (body)"],
    ["a check", "alter table app.note add check (id > 0)"],
    ["a foreign key that does not cascade", "create table app.referring (note int references app.note)"],
    ["a comment", "comment on column app.note.body is 'x'"],
    ["a grant", "grant select on app.note to audit_reader"],
    ["storage options", "alter table app.note set (fillfactor = 50)"],
    ["a value of an enum", "alter type app.mood add value 'bad'"],
    ["rows", "insert into app.note (id) values (1)"],
    ["what happens to another table", "alter table app.other add more text"],
  ])("does not change with %s", async (_, statement) => {
    const before = await sightOf("app.note");
    await database.sql.unsafe(statement);
    expect(await sightOf("app.note")).toBe(before);
    await database.sql.unsafe("drop table if exists app.referring");
  });

  it("is back once the cause is gone", async () => {
    const before = await sightOf("app.note");
    await database.sql.unsafe(`${trigger}; drop trigger own on app.note`);
    expect(await sightOf("app.note")).toBe(before);
  });

  it("does not hang on how the session quotes names", async () => {
    const before = await sightOf("app.note");
    const sight = await database.sql.begin(async (sql) => {
      await sql.unsafe("set local quote_all_identifiers = on");
      return sql<{ sight: string }[]>`select sight from audit._sight(array['app.note'::regclass::oid])`;
    });
    expect(sight[0]?.sight).toBe(before);
  });

  it("has a row for each table in one go, and none for a table that is gone", async () => {
    const rows = await database.sql<{ name: string; sight: string }[]>`
      select oid::regclass::text as name, sight
      from audit._sight(array['app.note'::regclass::oid, 'app.other'::regclass::oid, 1])
      order by 1`;
    expect(rows.map(({ name }) => name)).toEqual(["app.note", "app.other"]);
    expect(rows[0]?.sight).toBe(await sightOf("app.note"));
    expect(rows[0]?.sight).not.toBe(rows[1]?.sight);
    expect(await database.sql`select from audit._sight('{}')`).toHaveLength(0);
  });
});
