import { randomBytes } from "node:crypto";
import { describe, expect, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { type TestDatabase, useDatabase } from "../helpers/useDatabase.ts";

/** What must be found nowhere. */
const canary = `canary${randomBytes(6).toString("hex")}`;

const virtual = inject("postgresMajor") >= 18 ? "virtual" : "stored";

const tables = `
  create table people (
    id int primary key,
    name text,
    hair_color text,
    iris text,
    mixed text generated always as (name || ' ' || hair_color) stored,
    length int generated always as (length(hair_color)) ${virtual},
    loud text generated always as (upper(name)) stored,
    "Odd.Name" text
  );
  create table other (id int primary key, hair_color text)`;

/** Every way a value can get into a trigger. */
const writes = `
  insert into people (id, name, hair_color, iris, "Odd.Name") values (1, 'a', '$', '$', '$'), (2, 'b', '$', '$', '$');
  update people set hair_color = '$2';
  update people set name = 'c', hair_color = '$3', iris = '$3', "Odd.Name" = '$3' where id = 1;
  update people set id = 10, name = 'd', hair_color = '$4' where id = 1;
  insert into people (id, hair_color) values (2, '$5') on conflict (id) do update set hair_color = excluded.hair_color, name = 'e';
  merge into people using (values (2)) as s (id) on people.id = s.id when matched then update set name = 'f', hair_color = '$6';
  delete from people where id = 2;
  insert into people (id, name, hair_color) values (3, 'g', '$7');
  truncate people;
  insert into people (id, name, hair_color) values (4, 'h', '$8');`.replaceAll("$", canary);

/** Every row of every table and partition of the audit schema, and every function's text. */
async function everythingOfOurs(sql: TestSql): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select oid::regclass::text as name from pg_class
    where relnamespace = 'audit'::regnamespace and relkind in ('r', 'p', 'v')`;
  const parts: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ text: string }[]>(`select r::text as text from ${name} as r`);
    parts.push(...rows.map(({ text }) => text));
  }
  const functions = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'audit'::regnamespace and prokind = 'f'`;
  return [...parts, ...functions.map(({ text }) => text)].join("\n").toLowerCase();
}

/** Nothing of the canary in the log, nor in any answer about the past. */
async function expectNoCanary(database: TestDatabase, since: string) {
  const audit = auditOf(database);
  expect(await everythingOfOurs(database.sql)).not.toContain(canary);
  for (const args of [
    ["history", "people"],
    ["history", "people", "10"],
    ["diff", "people", "--from", since],
    ["at-time", since, "people"],
    ["status"],
  ]) {
    const { stdout, stderr } = await audit(...args);
    expect(`${stdout}${stderr}`.toLowerCase()).not.toContain(canary);
    expect(JSON.stringify(await audit.items(...args)).toLowerCase()).not.toContain(canary);
  }
}

async function clock(sql: TestSql): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
  return row?.at ?? "";
}

describe("an excluded column", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  it("leaks nowhere, and neither do columns generated from it", async () => {
    await database.sql.unsafe(tables);
    const { stdout } = await audit("enable", "people", "other", "--exclude", 'hair_color,iris,"Odd.Name"');
    expect(stdout).toContain("without hair_color, iris, mixed, length, Odd.Name;");
    const since = await clock(database.sql);
    await database.sql.unsafe(writes);
    await expectNoCanary(database, since);
    // And the rest is there: not a change is missing.
    const [row] = await database.sql`
      select count(*)::int as changes, count(*) filter (where (new ->> 'loud') is not null)::int as loud,
        count(*) filter (where old ? 'mixed' or new ? 'mixed' or old ? 'length' or new ? 'length')::int as derived
      from audit.change`;
    expect(row).toEqual({ changes: 11, loud: expect.any(Number), derived: 0 });
  });

  it("is named as unknown in the past, and not shown as it is today", async () => {
    const { stdout, stderr } = await audit("at-time", "now", "people");
    expect(stderr).toMatch(/column hair_color is unknown then \(excluded from auditing\)/);
    expect(stdout.toLowerCase()).not.toContain(canary);
  });

  it("records nothing for an update that touches nothing else", async () => {
    const before = await audit.items("history", "people");
    await database.sql.unsafe(`update people set hair_color = '${canary}', iris = 'x', "Odd.Name" = 'y'`);
    expect(await audit.items("history", "people")).toEqual(before);
  });

  it("shows its past as unknown once it is recorded again", async () => {
    const since = await clock(database.sql);
    await audit("enable", "people", "--exclude", "");
    const later = await clock(database.sql);
    await database.sql.unsafe("update people set hair_color = 'now seen'");
    const [change] = await audit.items<{ new: object }>("history", "people", "--limit", "1");
    expect(change?.new).toMatchObject({ hair_color: "now seen" });
    expect((await audit("at-time", since, "people")).stderr).toContain("hair_color is unknown");
    expect((await audit("at-time", later, "people")).stderr).not.toContain("hair_color is unknown");
  });
});

describe("an excluded glob", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  it("holds for columns added later, and for what is generated from them", async () => {
    const { sql } = database;
    await sql.unsafe("create table people (id int primary key, name text)");
    expect((await audit("enable", "people", "--exclude", "*_TOKEN,hair_*")).stderr).toContain(
      "note: No column of public.people matches",
    );
    const since = await clock(sql);
    await sql.unsafe(`
      alter table people
        add column api_token text default '${canary}',
        add column token_count int,
        add column "Api_Token" text,
        add column hair_color text;
      alter table people add column shout text generated always as (upper(api_token)) stored;
      insert into people values (1, 'a', '${canary}', 7, 'seen', '${canary}');
      update people set name = 'b', api_token = '${canary}2', token_count = 8, hair_color = '${canary}3';
      alter table people rename column name to bare_token;
      update people set bare_token = '${canary}4', token_count = 9`);
    await expectNoCanary(database, since);
    const changes = await audit.items<{ new: object }>("history", "people");
    expect(changes.map(({ new: image }) => image)).toEqual([
      { id: "1", bare_token: "a", token_count: "7", Api_Token: "seen" },
      { bare_token: "b", token_count: "8" },
      { token_count: "9" },
    ]);
  });
});
