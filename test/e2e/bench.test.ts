import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo } from "../helpers/client.ts";
import { describeWithDump, loadDump } from "../helpers/dump.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

interface Spread {
  readonly min: number;
  readonly median: number;
}

interface Item {
  readonly operation: string;
  readonly statement: string;
  readonly rows: number;
  readonly plain_us: Spread;
  readonly audited_us: Spread;
  readonly added_us: Spread;
  readonly ratio: number;
  readonly wal_plain: number;
  readonly wal_audited: number;
  readonly log_bytes: number;
}

interface Document {
  readonly schema: string;
  readonly table: string;
  readonly rows: number;
  readonly single_rows: number;
  readonly rounds: number;
  readonly images: string;
  readonly kind: string;
  readonly updated_columns: string[];
  readonly rolled_back: { readonly changes: number; readonly bytes: number };
  readonly notes: string[];
  readonly items: Item[];
}

const database = useDatabase({ installed: true });
const audit = auditOf(database);
const owner = `bench_${randomBytes(4).toString("hex")}`;
const few = ["--rows", "50", "--rounds", "2"];

const tables = `
  create table users (
    gone int, id bigint generated always as identity primary key, name text not null check (name ~ '^[A-Z]'),
    score int, loud text generated always as (upper(name)) stored
  );
  alter table users drop column gone;
  insert into users (name, score) select 'User ' || n, n from generate_series(1, 80) as n;

  create table event (id int, at timestamptz, done boolean, primary key (id, at)) partition by range (id);
  create table event_1 partition of event for values from (0) to (1000);
  insert into event select n, now(), false from generate_series(1, 60) as n;

  create table stubborn (id int primary key, word text check (word = 'so'));
  insert into stubborn select n, 'so' from generate_series(1, 5) as n;

  create table empty (id int primary key);
  create table keyless (a int, b int);
  insert into keyless values (1, 1);

  create schema "Odd.Schema";
  create type "Odd.Schema"."Mood" as enum ('up', 'down');
  create table "Odd.Schema"."it's" (n int, "sample" text, here int, t text, mood "Odd.Schema"."Mood", primary key (mood, n));
  insert into "Odd.Schema"."it's" select n, 'a' || n, n, null, 'up' from generate_series(1, 20) as n;

  create function initials(name text) returns text language plpgsql immutable as 'begin return shorten(name); end';
  create function shorten(name text) returns text language sql immutable as 'select left($1, 3)';
  create table helped (id int primary key, name text check (initials(name) <> ''));
  insert into helped values (1, 'Ada'), (2, 'Bob');

  create extension citext;
  create table folded (name citext primary key, n numeric(6, 2));
  insert into folded select 'N' || n, n from generate_series(1, 30) as n`;

beforeAll(async () => {
  await database.sql.unsafe(tables);
  await database.sql.unsafe(`create role ${owner} nologin`);
});

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${owner} cascade`);
  await database.sql.unsafe(`drop role ${owner}`);
});

async function bench(...args: string[]): Promise<Document> {
  const { stdout } = await audit("bench", ...args, "--json");
  return JSON.parse(stdout) as Document;
}

/** Everything a run must leave alone. */
async function stateOf() {
  const { sql } = database;
  const [rows] = await sql<{ rows: string }[]>`
    select json_build_array(
      (select count(*) from audit.change), (select json_agg(relation) from audit.relation),
      (select count(*) from audit.coverage), (select count(*) from audit.operation),
      (select json_agg(users) from users), (select json_agg(retention) from audit.retention))::text as rows`;
  return { catalog: await describeCatalog(sql, { roles: owner }), rows };
}

const kinds = (operations: readonly string[]) =>
  ["row", "table"].flatMap((statement) => operations.map((operation) => ({ statement, operation })));

const all = ["insert", "update", "delete"];

function expectFigures(items: readonly Item[], operations = all): void {
  expect(items.map(({ statement, operation }) => ({ statement, operation }))).toEqual(kinds(operations));
  for (const item of items) {
    expect(item.plain_us.min).toBeGreaterThan(0);
    expect(item.plain_us.median).toBeGreaterThanOrEqual(item.plain_us.min);
    expect(item.audited_us.min).toBeGreaterThan(0);
    expect(item.ratio).toBeCloseTo(item.audited_us.min / item.plain_us.min, 1);
    expect(item.added_us.min).toBeCloseTo(item.audited_us.min - item.plain_us.min, 1);
    expect(item.wal_plain).toBeGreaterThan(0);
    expect(item.wal_audited).toBeGreaterThan(item.wal_plain);
    expect(item.log_bytes).toBeGreaterThan(50);
  }
}

it("measures a table that is not audited as enable would audit it, and leaves no trace", async () => {
  const before = await stateOf();
  const { stdout, stderr } = await audit("bench", "users", ...few);
  expect(stdout).toMatch(
    /^public\.users: 50 rows copied, 2 rounds, 50 statements of 1 row each; images: changes, captured by statement\n/,
  );
  expect(stdout.match(/^(insert|update|delete) +(1 row|50 rows) +[\d.]+ \/ [\d.]+ /gm)).toHaveLength(6);
  // 2 rounds of 3 operations on 50 rows, by one statement and by one each.
  expect(stderr).toContain("all was rolled back; left behind are 600 dead rows in the log");
  expect(stderr).toContain("no commit of its own");
  expect(await stateOf()).toEqual(before);

  const document = await bench("users", ...few);
  expect(document).toMatchObject({
    ...{ schema: "public", table: "users", rows: 50, single_rows: 50, rounds: 2, images: "changes" },
    kind: "statement",
    rolled_back: { changes: 600 },
  });
  expectFigures(document.items);
  expect(await stateOf()).toEqual(before);
});

it("changes columns that the table's own constraints let be changed", async () => {
  // Reversed, a name would no longer begin with a capital: so only the score is left.
  expect((await bench("users", ...few)).updated_columns).toEqual(["score"]);
  const { items, notes } = await bench("stubborn", ...few);
  expectFigures(items, ["insert", "delete"]);
  expect(notes.join()).toContain("no update was measured");
});

it("takes the settings that the table has, and other images where asked", async () => {
  await audit("enable", "users", "--images", "full", "--redact", "name");
  const before = await stateOf();
  const full = await bench("users", ...few);
  const lean = await bench("users", ...few, "--images", "lean");
  expect([full.images, lean.images]).toEqual(["full", "lean"]);
  const updated = (document: Document) =>
    document.items.find(({ operation }) => operation === "update")?.log_bytes ?? 0;
  expect(updated(full)).toBeGreaterThan(updated(lean) + 20);
  expect(await stateOf()).toEqual(before);
  expect((await audit.items<{ images: string }>("status", "users"))[0]?.images).toBe("full");
  await audit("disable", "users");
});

it("does not measure the update of what is not recorded", async () => {
  await audit("enable", "users", "--exclude", "score");
  expect((await bench("users", ...few)).updated_columns).toEqual([]);
  await audit("enable", "users", "--exclude", "");
  await audit("disable", "users");
});

describe("a table that is captured row by row", () => {
  it("is measured so where it is partitioned, on ordinary copies", async () => {
    const { kind, items, notes, updated_columns } = await bench("event", ...few);
    expect({ kind, updated_columns }).toEqual({ kind: "row", updated_columns: ["done"] });
    expect(notes.join()).toContain("ordinary tables");
    expectFigures(items);
  });

  it("is measured so where it has triggers of its own, which the copies have not", async () => {
    await database.sql.unsafe(`
      create function shout() returns trigger language plpgsql as $$ begin raise 'the trigger was fired'; end $$;
      create trigger shout before insert or update on folded for each row execute function shout()`);
    const { kind, items, notes } = await bench("folded", ...few);
    expect(kind).toBe("row");
    expect(notes.join()).toContain("no triggers of the application's own");
    expectFigures(items);
  });
});

it.each([
  ["names that need quotes", `"Odd.Schema"."it's"`, ["sample", "here"]],
  ["a check that needs the search path", "helped", ["name"]],
])("copes with %s", async (_what, table, columns) => {
  const { items, updated_columns } = await bench(table, ...few);
  expect(updated_columns).toEqual(columns);
  expectFigures(items);
});

it("runs what hangs on the table with the rights of the table's owner", async () => {
  const { sql } = database;
  await sql.unsafe(`
    create schema theirs authorization ${owner};
    set role ${owner};
    create function theirs.check_me(id int) returns boolean language plpgsql as $$
      begin
        if current_user <> '${owner}' then raise 'it ran as %', current_user; end if;
        return true;
      end $$;
    create table theirs.thing (id int primary key, note text check (theirs.check_me(1)));
    insert into theirs.thing select n, 'note ' || n from generate_series(1, 10) as n;
    reset role;
    revoke create on schema theirs from ${owner}`);
  const before = await stateOf();
  expectFigures((await bench("theirs.thing", ...few)).items);
  expect(await stateOf()).toEqual(before);
});

it.each([
  ["an empty table", ["empty"], 5, "public.empty has no rows: there is nothing to measure with."],
  ["a table without a key", ["keyless"], 2, "public.keyless has no primary key"],
  ["a view", ["audit.history"], 2, "audit.history is part of the audit trail itself"],
  ["a table that is not there", ["user"], 2, 'Did you mean "users"?'],
])("refuses %s", async (_what, args, code, message) => {
  const before = await stateOf();
  const result = await audit.run(["bench", ...args]);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
  expect(result.stderr).toContain(message);
  expect(await stateOf()).toEqual(before);
});

// The millisecond can be over before the measuring begins: then it is another statement that is told of.
it("heeds the statement_timeout that the database sets, and rolls back", { retry: 4 }, async () => {
  const { sql, name } = database;
  await sql.unsafe(`alter database ${name} set statement_timeout = '1ms'`);
  try {
    const before = await stateOf();
    const { code, stdout, stderr } = await audit.run(["bench", "users", "--rounds", "100"]);
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toContain("statement_timeout");
    expect(stderr).toContain("--rows");
    expect(await stateOf()).toEqual(before);
  } finally {
    await sql.unsafe(`alter database ${name} reset statement_timeout`);
  }
});

it("keeps nobody from enabling tables while it runs, and rolls back on SIGINT", async () => {
  const io = fakeIo();
  const running = main(["bench", "users", "--rounds", "100000", "--database-url", database.url], io);
  let ended = false;
  void running.finally(() => {
    ended = true;
  });
  try {
    for (let measuring = false; !measuring && !ended; ) {
      const [seen] = await database.sql`
        select from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ~ 'from pg_temp.audit_bench_'`;
      measuring = seen !== undefined;
    }
    const { stderr } = await audit("enable", "users", "stubborn");
    expect(stderr).toBe("");
  } finally {
    io.signal("SIGINT");
  }
  expect(await running).toBe(130);
  expect(io.stdout).toBe("");
  await audit("disable", "users", "stubborn");
  const { catalog } = await stateOf();
  expect(catalog.filter((line) => line.includes("audit_bench_"))).toEqual([]);
});

it("--dry-run prints a set-up that runs by hand up to the triggers, and changes nothing", async () => {
  const before = await stateOf();
  const { stdout } = await audit("bench", "users", ...few, "--dry-run");
  expect(stdout).toMatch(
    /^begin;\n[\s\S]*like public\.users including all[\s\S]*create or replace trigger[\s\S]*rollback;\n$/,
  );
  const session = connectTo(database.url, { max: 1 });
  const upToCapture = stdout.slice(0, stdout.indexOf("lock table"));
  await session.unsafe(`${upToCapture} rollback`).simple();
  await session.end();
  expect(await stateOf()).toEqual(before);
});

for (const [name, table] of [
  ["chinook", "track"],
  ["northwind", "products"],
] as const) {
  describeWithDump(name, (path) => {
    const shop = useDatabase();

    it(`measures ${table}`, async () => {
      await loadDump(shop.url, path);
      await auditOf(shop)("init");
      const { stdout } = await auditOf(shop)("bench", table, "--rows", "200", "--rounds", "2", "--json");
      const { items, updated_columns } = JSON.parse(stdout) as Document;
      expectFigures(items);
      expect(updated_columns.length).toBeGreaterThan(0);
      expect((await shop.sql`select from audit.change`).length).toBe(0);
    });
  });
}
