import { afterAll, afterEach, beforeAll, expect, inject, it } from "vitest";
import { quoteIdentifier } from "../../src/core/name.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { findDump, loadDump } from "../helpers/dump.ts";
import { writeEverywhere } from "../helpers/genericWriter.ts";
import { dumpOf, findPgDump } from "../helpers/pgDump.ts";
import { runCli } from "../helpers/runCli.ts";
import { startTestServer, type TestServer } from "../helpers/testServer.ts";

// A server of their own: the roles, which all databases share, are compared as well.
let server: TestServer | undefined;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server?.stop();
});

// Whatever a case left behind, a failed one too, must not meet the next.
afterEach(async () => {
  const sql = connectTo(server?.url ?? "", { max: 1 });
  for (const role of ["vault_owner", "audit_ddl", "audit_writer", "audit_truncate", "audit_reader"])
    await sql.unsafe(`drop role if exists ${role}`);
  await sql.end();
});

interface Database {
  readonly name: string;
  readonly url: string;
  readonly sql: TestSql;
}

/** A new, empty database in the place of any of that name. */
async function withFreshDatabase<T>(name: string, work: (database: Database) => Promise<T>): Promise<T> {
  const serverUrl = server?.url ?? "";
  const maintenance = connectTo(serverUrl, { max: 1 });
  const quoted = quoteIdentifier(name);
  try {
    await maintenance.unsafe(`drop database if exists ${quoted} with (force)`);
    await maintenance.unsafe(`create database ${quoted} template template0`);
    const url = urlOfDatabase(serverUrl, name);
    const sql = connectTo(url);
    try {
      return await work({ name, url, sql });
    } finally {
      await sql.end({ timeout: 5 });
      await maintenance.unsafe(`drop database ${quoted} with (force)`);
    }
  } finally {
    await maintenance.end();
  }
}

async function audit(database: Database, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args, "--database-url", database.url]);
  expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
}

interface Case {
  readonly name: string;
  /** Makes the tables. */
  readonly prepare: (database: Database) => Promise<unknown>;
  /** What enable is told; every table unless given. */
  readonly enable?: readonly string[];
  /** As --audit-schema takes it. */
  readonly schema?: string;
  readonly database?: string;
  /** What happens to the schema while it is audited; the same is done to the database that never was. */
  readonly meanwhile?: (database: Database) => Promise<unknown>;
  /** Writes while it is audited. Not done to the other, so they must not touch the catalog. */
  readonly write?: (database: Database) => Promise<unknown>;
}

const people = `
  create table people (id int primary key, name text, born date, age int generated always as (2026 - extract(year from born)) stored);
  comment on table people is 'People';
  grant select on people to public;
  create table visits (person int references people, day date, primary key (person, day));
  insert into people select n, 'person ' || n, date '2000-01-01' + n from generate_series(1, 20) as n;
  insert into visits select n, date '2026-01-01' from generate_series(1, 20) as n;`;

const writePeople = `
  insert into people values (100, 'x', '1990-01-01');
  update people set name = 'y', id = 101 where id = 100;
  delete from people where id = 101;
  truncate visits;`;

const cases: readonly Case[] = [
  { name: "an empty database", prepare: async () => {} },
  {
    name: "tables with comments, grants and generated columns",
    prepare: ({ sql }) => sql.unsafe(people),
    write: ({ sql }) => sql.unsafe(writePeople),
  },
  {
    name: "a database whose name needs quotes",
    database: `sh"op's 1`,
    prepare: ({ sql }) => sql.unsafe(people),
    write: ({ sql }) => sql.unsafe(writePeople),
  },
  {
    name: "a schema without USAGE for the public, owned by another role",
    prepare: ({ sql }) =>
      sql.unsafe(`
        drop role if exists vault_owner;
        create role vault_owner nologin;
        create schema vault authorization vault_owner;
        set role vault_owner;
        create table vault.gold (id int primary key, bars int);
        create table vault.silver (id int primary key, bars int);
        reset role;
        insert into vault.gold values (1, 1)`),
    write: ({ sql }) => sql.unsafe("update vault.gold set bars = 2; truncate vault.gold"),
  },
  {
    name: "partitioned tables",
    prepare: ({ sql }) =>
      sql.unsafe(`
        create table event (id int, day date, note text, primary key (id, day)) partition by range (day);
        create table event_25 partition of event for values from ('2025-01-01') to ('2026-01-01');
        create table event_26 partition of event for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
        create table event_26_1 partition of event_26 for values in (1);
        create table event_26_rest partition of event_26 default;
        insert into event values (1, '2025-02-02'), (1, '2026-02-03'), (2, '2026-02-02')`),
    write: ({ sql }) =>
      sql.unsafe("update event set day = day + 365 where id = 1 and day < '2026-01-01'; truncate event_26_1"),
  },
  {
    name: "partitions attached, detached and made while audited",
    prepare: ({ sql }) =>
      sql.unsafe(`
        create table event (id int primary key, note text) partition by range (id);
        create table event_1 partition of event for values from (0) to (10);
        create table event_2 partition of event for values from (10) to (20);
        create table event_3 (id int primary key, note text)`),
    enable: ["event"],
    meanwhile: ({ sql }) =>
      sql.unsafe(`
        alter table event detach partition event_2;
        alter table event attach partition event_3 for values from (20) to (30);
        create table event_4 partition of event for values from (30) to (40);
        insert into event values (1, 'a'), (21, 'b'), (31, 'c')`),
  },
  {
    name: "names that need quotes",
    prepare: ({ sql }) =>
      sql.unsafe(`
        create schema "My Schema";
        create table "My Schema"."Odd.Name" ("Id" int primary key, "select" text, "it's" text);
        create table "My Schema"."quo""te" ("a.b" text, "c d" int, primary key ("c d", "a.b"));
        create table "${"n".repeat(63)}" ("${"c".repeat(63)}" int primary key, old text, new text)`),
    write: ({ sql }) => sql.unsafe(`insert into "My Schema"."quo""te" values ('x', 1)`),
  },
  {
    name: "an audit schema with a hostile name",
    schema: `"we""ird.o'name"`,
    prepare: ({ sql }) => sql.unsafe(people),
    write: ({ sql }) => sql.unsafe(writePeople),
  },
  {
    name: "row-level security",
    prepare: ({ sql }) =>
      sql.unsafe(`
        ${people}
        alter table people enable row level security, force row level security;
        create policy own on people using (name = current_user) with check (true)`),
    write: ({ sql }) => sql.unsafe("update people set name = 'z' where id = 1"),
  },
  {
    name: "a table renamed, one moved and one dropped while audited",
    prepare: ({ sql }) =>
      sql.unsafe(`
        ${people}
        create schema elsewhere;
        create table leaves (id int primary key);
        create table moves (id int primary key)`),
    meanwhile: ({ sql }) =>
      sql.unsafe(`
        alter table people rename to "Persons";
        alter table visits rename column day to "Day";
        alter table moves set schema elsewhere;
        drop table leaves`),
  },
  {
    name: "columns added, retyped and dropped while audited",
    prepare: ({ sql }) => sql.unsafe(people),
    enable: ["people", "visits", "--exclude", "n*"],
    meanwhile: ({ sql }) =>
      sql.unsafe(`
        alter table people add column email text default 'none', add column note json;
        alter table people alter column name type varchar(80);
        alter table people drop column born cascade;
        alter table visits add column minutes numeric(5, 2)`),
    write: ({ sql }) => sql.unsafe("update people set email = 'x', note = '{}'; truncate visits"),
  },
  {
    name: "rules, triggers and inheritance of its own",
    prepare: ({ sql }) =>
      sql.unsafe(`
        create table base (id int primary key, at timestamptz);
        create table derived (extra text, primary key (id)) inherits (base);
        create function touch() returns trigger language plpgsql as 'begin new.at = now(); return new; end';
        create trigger touch before insert or update on base for each row execute function touch();
        create rule nothing as on delete to base do instead nothing;
        create view shown as select * from base`),
    write: ({ sql }) =>
      sql.unsafe("insert into base values (1); insert into derived values (2); delete from base"),
  },
  ...["chinook", "northwind"].flatMap((dump): Case[] => {
    const path = findDump(dump);
    if (!path) return [];
    return [
      {
        name: `the ${dump} database`,
        prepare: ({ url }) => loadDump(url, path),
        write: ({ sql }) => writeEverywhere(sql, "public"),
      },
    ];
  }),
];

it.each(cases)("disable and uninstall leave $name as it was", async (wanted) => {
  const name = wanted.database ?? "shop";
  const schema = wanted.schema ? ["--audit-schema", wanted.schema] : [];
  const untouched = await withFreshDatabase(name, async (database) => {
    await wanted.prepare(database);
    const start = await describeCatalog(database.sql);
    await wanted.meanwhile?.(database);
    return { start, end: wanted.meanwhile ? await describeCatalog(database.sql) : start };
  });

  await withFreshDatabase(name, async (database) => {
    await wanted.prepare(database);
    expectSame(withoutOids(await describeCatalog(database.sql)), withoutOids(untouched.start));
    await audit(database, "init", ...schema);
    await audit(database, "enable", ...(wanted.enable ?? ["--all"]), ...schema);
    expect((await describeCatalog(database.sql)).length).toBeGreaterThan(untouched.start.length + 100);
    await wanted.meanwhile?.(database);
    await wanted.write?.(database);

    await audit(database, "disable", "--all", ...schema);
    // Tables, grants and functions that were there are as if never audited; what is new is ours.
    const disabled = new Set(withoutOids(await describeCatalog(database.sql)));
    const end = withoutOids(untouched.end);
    expect(end.filter((line) => !disabled.has(line))).toEqual([]);

    await audit(database, "uninstall", "--confirm", name, ...schema);
    expectSame(withoutOids(await describeCatalog(database.sql)), end);
  });
});

it.each(cases)("uninstall alone does so, too, for $name", async (wanted) => {
  const name = wanted.database ?? "shop";
  const schema = wanted.schema ? ["--audit-schema", wanted.schema] : [];
  await withFreshDatabase(name, async (database) => {
    await wanted.prepare(database);
    const before = await describeCatalog(database.sql);
    await audit(database, "init", ...schema);
    await audit(database, "enable", ...(wanted.enable ?? ["--all"]), ...schema);
    await audit(database, "uninstall", "--confirm", name, ...schema);
    expectSame(await describeCatalog(database.sql), before);
  });
});

/** Triggers of foreign keys and clones of triggers carry oids in their names. */
function withoutOids(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/(RI_ConstraintTrigger_[ac])_\d+/g, "$1")).sort();
}

/** Equal listings, the difference short where they are not. */
function expectSame(after: readonly string[], before: readonly string[]) {
  const [then, now] = [new Set(before), new Set(after)];
  expect({
    left: after.filter((line) => !then.has(line)),
    missing: before.filter((line) => !now.has(line)),
  }).toEqual({ left: [], missing: [] });
  expect(after).toEqual(before);
}

it("keeps the roles while another database needs them, and drops them with the last", async () => {
  const roles = async ({ sql }: Database) =>
    (
      await sql<
        { name: string }[]
      >`select rolname as name from pg_roles where rolname like 'audit%' order by 1`
    ).map((row) => row.name);
  await withFreshDatabase("one", async (one) => {
    await withFreshDatabase("two", async (two) => {
      for (const database of [one, two]) {
        await database.sql.unsafe(people);
        await audit(database, "init");
        await audit(database, "enable", "--all");
      }
      await audit(one, "uninstall", "--confirm", "one");
      expect(await roles(one)).toEqual(["audit_ddl", "audit_reader", "audit_truncate", "audit_writer"]);
      await two.sql.unsafe(writePeople);
      await audit(two, "uninstall", "--confirm", "two");
      expect(await roles(one)).toEqual([]);
    });
  });
});

it("leaves another installation in the same database at work", async () => {
  await withFreshDatabase("shop", async (database) => {
    const { sql } = database;
    await sql.unsafe(people);
    const before = await describeCatalog(sql);
    for (const schema of ["audit", "second"]) {
      await audit(database, "init", "--audit-schema", schema);
      await audit(database, "enable", "--all", "--audit-schema", schema);
    }
    const count = async (schema: string) =>
      (await sql.unsafe<{ count: number }[]>(`select count(*)::int as count from ${schema}.change`))[0]
        ?.count;
    await sql.unsafe("update people set name = 'both' where id = 1");
    expect([await count("audit"), await count("second")]).toEqual([1, 1]);

    await audit(database, "disable", "visits", "--audit-schema", "audit");
    await sql.unsafe("truncate visits");
    expect([await count("audit"), await count("second")]).toEqual([1, 21]);
    const status = JSON.parse(await audit(database, "status", "--json", "--audit-schema", "second")) as {
      items: { table: string; state: string }[];
    };
    expect(status.items.map(({ table, state }) => [table, state])).toEqual([
      ["people", "on"],
      ["visits", "on"],
    ]);

    await audit(database, "uninstall", "--confirm", "shop", "--audit-schema", "audit");
    await sql.unsafe("insert into visits values (2, '2026-02-02'); truncate visits");
    expect(await count("second")).toBe(23);
    await audit(database, "uninstall", "--confirm", "shop");
    expectSame(await describeCatalog(sql), before);
  });
});

it("shows the SQL with --dry-run, which does the same by hand", async () => {
  await withFreshDatabase("shop", async (database) => {
    await database.sql.unsafe(people);
    const before = await describeCatalog(database.sql);
    await audit(database, "init");
    await audit(database, "enable", "--all");
    const audited = await describeCatalog(database.sql);
    const script = await audit(database, "uninstall", "--dry-run");
    expect(await describeCatalog(database.sql)).toEqual(audited);
    const psql = connectTo(database.url, { max: 1 });
    await psql.unsafe(script).simple();
    await psql.end();
    expectSame(await describeCatalog(database.sql), before);
  });
});

const pgDump = await findPgDump(inject("postgresMajor"));

it.skipIf(!pgDump).each(cases)(
  `pg_dump writes $name as before${pgDump ? "" : " (skipped: there is no pg_dump of this major)"}`,
  async (wanted) => {
    const name = wanted.database ?? "shop";
    const schema = wanted.schema ? ["--audit-schema", wanted.schema] : [];
    await withFreshDatabase(name, async (database) => {
      await wanted.prepare(database);
      const before = await dumpOf(pgDump ?? "", database.url);
      await audit(database, "init", ...schema);
      await audit(database, "enable", ...(wanted.enable ?? ["--all"]), ...schema);
      expect(await dumpOf(pgDump ?? "", database.url)).not.toBe(before);
      await audit(database, "disable", "--all", ...schema);
      await audit(database, "uninstall", ...schema);
      expect(await dumpOf(pgDump ?? "", database.url)).toBe(before);
    });
  },
);
