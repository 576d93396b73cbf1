import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";

// A segment of which prune removed a part: what is left is read in the database, the rest in the archive, each once.

const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);
let place = "";
let early = "";

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "parts-"));
  const { sql } = database;
  await sql.unsafe(
    "create table users (id int primary key, name text); create table logins (id int primary key)",
  );
  await audit("enable", "users", "logins", "--retain", "20d");
  await sql`insert into users select i, 'user ' || i from generate_series(1, 50) as i`;
  await sql`insert into logins values (1)`;
  const [now] = await sql<{ at: string }[]>`select (clock_timestamp() - interval '30 days')::text as at`;
  early = now?.at ?? "";
  await sql`update users set name = name || '!' where id <= 20`;
  await passTime(sql, 30 * 24);
  await sql`update users set name = name || '?' where id <= 5`;
  await sql`update users set id = 100 where id = 1`;
});

afterAll(() => rm(place, { recursive: true, force: true }));

const questions = () => [
  ["history", "users"],
  ["history", "users", "1"],
  ["history", "logins"],
  ["log"],
  ["at-time", early, "users"],
  ["at-time", early, "logins"],
];

async function answers(...more: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const args of questions()) found.push((await audit(...args, "--json", "--tz", "UTC", ...more)).stdout);
  return found;
}

it("is answered as a whole with the archive, and without it once it was brought back", async () => {
  const before = await answers();
  await audit("prune", "--archive", place);
  const [left] = await database.sql<{ state: string; changes: number }[]>`
    select state, changes::int from audit.segment where id = 1`;
  expect(left).toEqual({ state: "closed", changes: 6 });
  expect((await audit.run(["at-time", early, "users"])).code).toBe(3);
  expect(await answers("--archive", place)).toEqual(before);

  expect(await audit.items("archive", "restore", place)).toMatchObject([{ segment: 1, changes: "77" }]);
  expect(await answers()).toEqual(before);
  expect(await answers("--archive", place)).toEqual(before);
  await audit("prune");
  expect(await answers()).toEqual(before);

  await database.sql`update audit.segment set restored_until = now() - interval '1 second' where id = 1`;
  await audit("prune");
  expect((await audit.run(["at-time", early, "users"])).code).toBe(3);
  expect(await answers("--archive", place)).toEqual(before);
}, 60_000);

it("does not come twice where a removal was cut off", async () => {
  const { sql } = database;
  const before = await answers("--archive", place);
  // As prune leaves it between two batches: all of it counts as gone, some of it is still there.
  await audit("archive", "restore", place);
  await sql.begin(async (transaction) => {
    await transaction`select audit._let_go(1, now() - interval '20 days')`;
    await transaction`select set_config('audit.maintenance', 'prune', true)`;
    await transaction`delete from audit.change where segment = 1 and id in (
      select id from audit.change where segment = 1 order by id limit 30)`;
  });
  expect(await answers("--archive", place)).toEqual(before);
}, 60_000);
