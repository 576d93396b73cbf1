import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql, urlOfDatabase } from "../helpers/client.ts";
import { type CliResult, runCli } from "../helpers/runCli.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { type BadInput, badInput, type Place } from "./badInputCases.ts";

const database = useDatabase();
const bare = useDatabase();
const foreign = useDatabase();
const half = useDatabase();
const twice = useDatabase();

const plainRole = `plain_${randomBytes(4).toString("hex")}`;
const secret = "tOp-s3cret";

const tables = `
  create table users (
    id int primary key, name text, email text, token text,
    login text generated always as (lower(name)) stored
  );
  create table orders (user_id int references users, no int, total numeric, primary key (user_id, no));
  create table untouched (id int primary key);
  create table stopped (id int primary key);
  create table keyless (a int, b int);
  create table almost (a int not null unique);
  create table loose (a int not null, b int not null, "Odd Name" int not null unique, nullable int unique, partial int not null);
  create unique index loose_pair on loose (b, a);
  create unique index loose_some on loose (partial) where a > 0;
  create table parted (id int primary key) partition by range (id);
  create table parted_1 partition of parted for values from (0) to (10);
  create view user_names as select name from users;
  create materialized view user_count as select count(*) from users;
  create sequence numbers;
  create schema other;
  create table other.elsewhere (id int primary key);
  create type pair as (a int, b int)`;

const writes = `
  insert into users select n, 'name ' || n, 'mail ' || n, 'token ' || n from generate_series(1, 30) as n;
  insert into orders select n, 1, 9.99 from generate_series(1, 30) as n;
  update users set name = 'new'`;

/** Another session's temporary table is there for everybody to see, in that session's schema. */
let otherSession: TestSql | undefined;
let temporarySchema = "";
let hasForeignTable = false;

beforeAll(async () => {
  const { sql, url } = database;
  await sql.unsafe(tables);
  hasForeignTable = await makeForeignTable(sql);
  await succeed(url, ["init"], ["enable", "users", "orders", "stopped", "parted"], ["disable", "stopped"]);
  await sql.unsafe(writes);
  await sql.unsafe(`create role ${plainRole} login password '${secret}'`);
  otherSession = connectTo(url, { max: 1 });
  await otherSession.unsafe("create temporary table passing (id int primary key)");
  const [row] = await otherSession<
    { name: string }[]
  >`select pg_my_temp_schema()::regnamespace::text as name`;
  temporarySchema = row?.name ?? "";

  await foreign.sql.unsafe("create schema audit; create table audit.installation (version text)");
  await succeed(half.url, ["init"]);
  await half.sql.unsafe("delete from audit.installation");
  await succeed(twice.url, ["init", "--audit-schema", "one"], ["init", "--audit-schema", "two"]);
  await twice.sql.unsafe("create table users (id int primary key)");
});

afterAll(async () => {
  await otherSession?.end();
  await database.sql.unsafe(`drop role ${plainRole}`);
});

async function succeed(url: string, ...commands: string[][]): Promise<void> {
  for (const args of commands) {
    const { code, stderr } = await runCli([...args, "--database-url", url]);
    expect({ args, code, stderr }).toMatchObject({ code: 0 });
  }
}

/** Where the server has a wrapper for one. */
async function makeForeignTable(sql: TestSql): Promise<boolean> {
  const [available] = await sql`select from pg_available_extensions where name = 'file_fdw'`;
  if (!available) return false;
  await sql.unsafe(`
    create extension file_fdw;
    create server files foreign data wrapper file_fdw;
    create foreign table far (id int) server files options (filename '/dev/null')`);
  return true;
}

/** The catalog, and what every table holds. */
async function everything(sql: TestSql): Promise<string[]> {
  const relations = await sql<{ name: string }[]>`
    select format('%I.%I', nspname, relname) as name
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'`;
  const contents: string[] = [];
  for (const { name } of relations) {
    const [row] = await sql.unsafe<{ line: string }[]>(
      `select concat_ws(' ', count(*), md5(string_agg(r::text, ',' order by r::text))) as line from ${name} as r`,
    );
    contents.push(`${name} ${row?.line}`);
  }
  return [...(await describeCatalog(sql, { roles: plainRole })), ...contents];
}

type Wanted = Pick<BadInput, "code" | "says">;

/** What was said once the talk (resolved instants, notes) is over: it must be a sentence, and nothing leak. */
function expectComplaint({ code, stdout, stderr }: CliResult, wanted: Wanted) {
  const complaint = stderr.replace(/^((from: |to: |since: )?as of|note:) .*\n/gm, "");
  expect({ code, stdout, complaint }).toMatchObject({ code: wanted.code, stdout: "" });
  // A sentence, or one that ends in a command to paste.
  expect(complaint).toMatch(/^error: \S[^\n]*(?:[.?:;)]|: audit [a-z]+ [^\n.]+\.\S+( --[a-z-]+)?)\n/);
  expect(complaint).toMatch(wanted.says);
  expectNoLeak(stderr);
}

function expectNoLeak(text: string) {
  expect(text).not.toMatch(/^\s+at |undefined|\[object|NaN|\w+Error:|postgres\.js|SQLSTATE/m);
  for (const password of [secret, wrongPassword, new URL(database.url).password])
    expect(text).not.toContain(password);
  // Escaped, whatever was typed.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
}

function expectJsonComplaint({ code, stdout, stderr }: CliResult, wanted: Wanted) {
  expect({ code, stdout }).toEqual({ code: wanted.code, stdout: "" });
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  const { version, error } = JSON.parse(last) as {
    version: number;
    error: { exit_code: number; message: string; hint?: string };
  };
  expect({ version, exit_code: error.exit_code }).toEqual({ version: 1, exit_code: wanted.code });
  expect(`error: ${error.message}\n${error.hint ?? ""}`).toMatch(wanted.says);
  expectNoLeak(last);
}

const wrongPassword = "n0t-the-password";
const changed = (change: (url: URL) => void) => () => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};
const urlOf: Readonly<Record<Place, () => string>> = {
  database: () => database.url,
  plain: changed((url) => {
    url.username = plainRole;
    url.password = secret;
  }),
  wrongPassword: changed((url) => {
    url.password = wrongPassword;
  }),
  noServer: changed((url) => {
    url.port = "1";
  }),
  noHost: changed((url) => {
    url.hostname = "nowhere.invalid";
  }),
  noDatabase: () => urlOfDatabase(database.url, "no such"),
  bare: () => bare.url,
  foreign: () => foreign.url,
  half: () => half.url,
  twice: () => twice.url,
  nonsense: () => "nonsense",
};

let before: ReadonlyMap<string, readonly string[]> = new Map();
const kept = () => [database, bare, foreign, half, twice];

beforeAll(async () => {
  before = new Map(
    await Promise.all(kept().map(async ({ url, sql }) => [url, await everything(sql)] as const)),
  );
});

async function expectNothingChanged(url: string) {
  const [same] = kept().filter((candidate) => candidate.url === url);
  const looked = same ?? database;
  expect(await everything(looked.sql)).toEqual(before.get(looked.url));
}

for (const [group, cases] of badInput) {
  describe(`${group}: what is wrong is said, nothing changes`, () => {
    it.each(cases)("$name", async ({ at = "database", args, ...wanted }) => {
      const url = urlOf[at]();
      const env = { ...wanted.env, DATABASE_URL: url };
      expectComplaint(await runCli(args, { env }), wanted);
      const flags = args.indexOf("--") < 0 ? args.length : args.indexOf("--");
      expectJsonComplaint(await runCli(args.toSpliced(flags, 0, "--json"), { env }), wanted);
      await expectNothingChanged(url);
    });
  });
}

it("an option without its value: what is wrong is said", async () => {
  const args = ["history", "users", "--database-url", database.url, "--limit"];
  expectComplaint(await runCli(args), { code: 2, says: /'--limit <n>' argument missing/ });
});

it("a temporary table by its session's schema: what is wrong is said, nothing changes", async () => {
  const args = ["enable", `${temporarySchema}.passing`, "--database-url", database.url];
  expectComplaint(await runCli(args), { code: 2, says: /is a temporary table, it goes with its session/ });
  await expectNothingChanged(database.url);
});

it("a foreign table: what is wrong is said, nothing changes", async ({ skip }) => {
  if (!hasForeignTable) skip("this server has no file_fdw");
  const args = ["enable", "far", "--database-url", database.url];
  expectComplaint(await runCli(args), { code: 2, says: /is a foreign table/ });
  await expectNothingChanged(database.url);
});

it("a role that may read and not write is told so", async () => {
  const { sql } = database;
  await sql.unsafe(`grant audit_reader to ${plainRole}`);
  try {
    for (const args of [
      ["enable", "untouched"],
      ["disable", "users"],
      ["prune"],
      ["retention", "set", "normal", "1y"],
      ["uninstall", "--confirm", database.name],
    ]) {
      const result = await runCli([...args, "--database-url", urlOf.plain()]);
      expectComplaint(result, { code: 4, says: /permission denied|must be owner|admin option/i });
    }
    expect((await runCli(["history", "users", "--database-url", urlOf.plain()])).code).toBe(0);
    expectComplaint(await runCli(["at-time", "now", "users", "--database-url", urlOf.plain()]), {
      code: 4,
      says: /permission denied for table users/i,
    });
  } finally {
    await sql.unsafe(`revoke audit_reader from ${plainRole}`);
  }
  await expectNothingChanged(database.url);
});

it("is never a stack, not even with --verbose, unless it is a bug", async () => {
  const { code, stderr } = await runCli(["status", "--verbose", "--database-url", urlOf.wrongPassword()]);
  expect(code).toBe(4);
  expect(stderr).toContain("SQLSTATE 28P01");
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain(wrongPassword);
});
