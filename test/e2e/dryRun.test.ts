import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { describeCatalog } from "../helpers/catalog.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { type TestDatabase, useDatabase } from "../helpers/useDatabase.ts";

const done = useDatabase();
const byHand = useDatabase();
const owner = `dry_run_${randomBytes(4).toString("hex")}`;

const tables = `
  create table users (id int primary key, name text, email text, loud text generated always as (upper(name)) stored);
  create table orders (id int primary key, note text);
  create table event (id int primary key, note text) partition by range (id);
  create table event_1 partition of event for values from (0) to (10);
  create schema "Odd.Schema";
  create table "Odd.Schema"."it's" (a int, b text, primary key (b, a));
  create schema vault;
  create role ${owner} nologin;
  alter schema vault owner to ${owner};
  set role ${owner};
  create table vault.gold (id int primary key);
  reset role`;

beforeAll(async () => {
  await done.sql.unsafe(tables);
  await byHand.sql.unsafe(tables.replace(`create role ${owner} nologin;`, ""));
});

afterAll(async () => {
  for (const { sql } of [done, byHand]) await sql.unsafe(`drop owned by ${owner} cascade`);
  await done.sql.unsafe(`drop role ${owner}`);
});

/** The catalog without what differs between any two databases: their names, and oids in names. */
async function catalogOf(sql: TestSql): Promise<string[]> {
  const lines = await describeCatalog(sql, { roles: owner });
  return lines
    .filter((line) => !line.startsWith("pg_database "))
    .map((line) => line.replace(/audit_\d+_/g, "audit_N_").replace(/(RI_ConstraintTrigger_[ac])_\d+/g, "$1"))
    .sort();
}

/** What our tables say, without oids and times. */
async function recordsOf(sql: TestSql): Promise<unknown> {
  const rows = await sql`
    select
      (select json_agg(r order by id) from (
        select id, version, roles, event_triggers from (select era as id, * from audit.installation) as i
      ) as r)::text as installation,
      (select json_agg(r order by id) from audit.retention as r)::text as retention,
      (select json_agg(json_build_array(id, retention, era, state) order by id) from audit.segment)::text as segment,
      (select json_agg(
        to_jsonb(r) - 'oid' || jsonb_build_object(
          'partitions', (select array_agg(partition::regclass order by partition::regclass::text) from unnest(r.partitions) as partition),
          'sight', r.sight = (select seen.sight from audit._sight(array[r.oid]) as seen)
        ) order by id
      ) from audit.relation as r)::text as relation,
      (select json_agg(json_build_array(relation, attnum, name, type, recorded) order by relation, from_id, attnum) from audit.relation_shape)::text as shape,
      (select json_agg(json_build_array(relation, on_reason, off_reason) order by relation, from_id) from audit.coverage)::text as coverage,
      (select json_agg(json_build_array(kind, relation, plan) order by id) from audit.operation)::text as operation`;
  return rows[0];
}

/** Runs the printed SQL as somebody would in psql: one session, as it stands. */
async function runByHand(database: TestDatabase, script: string): Promise<void> {
  const session = connectTo(database.url, { max: 1 });
  try {
    await session.unsafe(script).simple();
  } finally {
    await session.end();
  }
}

it.each([
  ["init", ["init"]],
  ["enable", ["enable", "users", "orders"]],
  [
    "enable of partitions, odd names and closed schemas",
    ["enable", "event", '"Odd.Schema"."it\'s"', "vault.gold"],
  ],
  [
    "enable with every option",
    ["enable", "users", "--exclude", "name,x_*", "--retain", "90d", "--on-truncate", "record"],
  ],
  ["retention set of a new class", ["retention", "set", "normal", "18 months"]],
  [
    "retention set of its rotation",
    ["retention", "set", "normal", "1y", "--rotate", "7d", "--rotate-size", "2GB"],
  ],
  ["retention set of the class again", ["retention", "set", "normal", "1y"]],
  ["retention set back to the default rotation", ["retention", "set", "normal", "1y", "--rotate", "default"]],
  [
    "enable --all under a class without tables",
    ["enable", "--all", "--retain", "normal", "--on-truncate", "forbid"],
  ],
  ["enable --all back to the defaults", ["enable", "--all", "--exclude", "", "--on-truncate", "capture"]],
  ["disable", ["disable", "orders", "vault.gold"]],
  ["enable again", ["enable", "orders", "--retain", "5y"]],
  ["disable --all", ["disable", "--all"]],
])("%s --dry-run prints SQL that does the same by hand", async (_name, args) => {
  const before = await catalogOf(byHand.sql);
  const { stdout: script } = await auditOf(byHand)(...args, "--dry-run");
  expect(await catalogOf(byHand.sql)).toEqual(before);

  await auditOf(done)(...args);
  await runByHand(byHand, script);
  const [wanted, got] = [await catalogOf(done.sql), await catalogOf(byHand.sql)];
  expect({
    missing: wanted.filter((line) => !got.includes(line)),
    extra: got.filter((line) => !wanted.includes(line)),
  }).toEqual({ missing: [], extra: [] });
  expect(await recordsOf(byHand.sql)).toEqual(await recordsOf(done.sql));
});

it("uninstall --dry-run does, too", async () => {
  await auditOf(done)("enable", "--all");
  await auditOf(byHand)("enable", "--all");
  await byHand.sql`insert into users (id) values (1)`;
  const { stdout: script } = await auditOf(byHand)("uninstall", "--dry-run");
  expect(await byHand.sql`select from audit.change`).toHaveLength(1);
  await auditOf(done)("uninstall", "--confirm", done.name);
  await runByHand(byHand, script);
  expect(await catalogOf(byHand.sql)).toEqual(await catalogOf(done.sql));
});
