import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";

// A segment closes when no older transaction runs on the whole server: other tests' would come in between.
const server = useOwnServer();
const database = server.useDatabase();
const audit = auditOf(database);

/** A state that was really there: what every table held at an instant. */
interface Remembered {
  readonly name: string;
  readonly when: () => string;
  readonly tables: ReadonlyMap<string, readonly object[]>;
}

const tables = ["users", "orders", "counters"];
const states: Remembered[] = [];
let hoursPassed = 0;
let place = "";

async function letPass(hours: number): Promise<void> {
  await passTime(database.sql, hours);
  hoursPassed += hours;
}

async function remember(name: string, tag = false): Promise<void> {
  const { sql } = database;
  if (tag) await audit("tag", name);
  const held = new Map<string, object[]>();
  for (const table of tables) {
    const [row] = await sql.unsafe<{ rows: string }[]>(
      `select coalesce(json_agg((select json_object_agg(key, value) from json_each_text(row_to_json(t))) order by id), '[]')::text as rows
       from ${table} as t`,
    );
    held.set(table, JSON.parse(row?.rows ?? "") as object[]);
  }
  const [now] = await sql<{ at: string }[]>`select extract(epoch from clock_timestamp())::text as at`;
  const passed = hoursPassed;
  const at = now?.at ?? "";
  const when = () => {
    const [seconds, fraction = ""] = at.split(".");
    const moment = Number(seconds) - (hoursPassed - passed) * 3600;
    return `${new Date(moment * 1000).toISOString().slice(0, 19)}.${fraction.padEnd(6, "0")}Z`;
  };
  states.push({ name, when: tag ? () => `tag:${name}` : when, tables: held });
  await sql`select pg_sleep(0.01)`;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "cold-"));
  const { sql } = database;
  await sql.unsafe(`
    create table users (id int primary key, name text, note text);
    create table orders (id int primary key, owner int, total numeric);
    create table counters (id int primary key, value int);
    create function touch() returns trigger language plpgsql as $$
      begin update counters set value = value + 1 where id = new.id; return null; end $$;
    create trigger touch after insert on counters for each row execute function touch()`);
  await audit("enable", ...tables, "--retain", "10d");
  await sql`insert into users select i, 'user ' || i, 'x' from generate_series(1, 20) as i`;
  await sql`insert into orders select i, i, i * 1.50 from generate_series(1, 30) as i`;
  await sql`insert into counters select i, 0 from generate_series(1, 5) as i`;
  await remember("first");
  await sql`update users set name = name || '!' where id <= 10`;
  await sql`delete from orders where id > 25`;
  await remember("tagged", true);
  // In progress when its state is remembered, and done in the segment after this one.
  const long = connectTo(database.url, { max: 1 });
  await long`begin`;
  await long`update users set note = 'long' where id = 3`;
  await sql`update users set id = 103 where id = 5`;
  await remember("in between");
  await letPass(48);
  await audit("prune");
  await long`insert into orders values (900, 3, 9)`;
  await long`commit`;
  await long.end();
  await remember("long done");
  await sql`alter table users rename column note to remark`;
  await sql`alter table users add column email text default 'none'`;
  await sql`update users set email = 'a@b' where id = 7`;
  await remember("after_ddl", true);
  await sql`insert into counters values (9, 5)`;
  await sql`update users set id = 5 where id = 103`;
  await sql`truncate orders`;
  await remember("truncated");
  await sql`insert into orders select i, 1, 1 from generate_series(1, 3) as i`;
  await letPass(48);
  await audit("prune");
  await sql`update users set remark = 'late' where id < 4`;
  await remember("late");
  await letPass(48);
  await audit("prune");
  await sql`update users set remark = 'today' where id = 3`;
  await letPass(24 * 7);
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

/** Questions and their answers of before, by the arguments that ask them. */
function questions(): string[][] {
  return [
    ["history", "users"],
    ["history", "users", "3"],
    ["history", "users", "5"],
    ["history", "users", "103"],
    ["history", "counters"],
    ["history", "counters", "9", "--reverse"],
    ["history", "orders", "--since", states[1]?.when() ?? ""],
    ["history", "users", "--range", `${states[0]?.when()}..${states[4]?.when()}`],
    ["history", "users", "--grep", "late", "--limit", "2"],
    ["log"],
    ["log", "--reverse"],
    ["log", "orders", "--limit", "3"],
    ["log", "--since", "tag:tagged"],
    ["log", "--until", "tag:tagged"],
    ["blame", "users", "3"],
    ["blame", "users", "5", "--at", states[2]?.when() ?? ""],
    ...states.flatMap(({ when }) => [
      ["diff", "users", "--from", when()],
      ["diff", "--all", "--from", when(), "--each"],
      [
        "query",
        "--at",
        when(),
        "select u.id, u.name, count(o.id) as n from users u left join orders o on o.owner = u.id group by 1, 2 order by 1",
      ],
      ...tables.map((table) => ["at-time", when(), table]),
      ["at-time", when(), "users", "3"],
    ]),
    ["diff", "--all", "--from", states[0]?.when() ?? "", "--to", states[5]?.when() ?? ""],
    ["diff", "users", "5", "--from", states[0]?.when() ?? "", "--to", states[3]?.when() ?? ""],
  ];
}

async function answer(args: readonly string[]) {
  const { code, stdout, stderr } = await audit.run([...args, "--json", "--tz", "UTC"]);
  return { args, code, stdout: stdout === "" ? stderr : stdout };
}

describe("what prune dropped into an archive", () => {
  it("is answered as before, with --archive", { timeout: 120_000 }, async () => {
    const before = [];
    for (const args of questions()) before.push(await answer(args));
    expect(before.filter(({ code }) => code !== 0)).toEqual([]);
    await audit("prune", "--archive", place, "--format", "ndjson");
    const gone = await database.sql<
      { id: number; state: string }[]
    >`select id, state from audit.segment order by id`;
    console.log(gone);
    for (const { args, stdout } of before) {
      const after = await answer([...args, "--archive", place]);
      expect({ args, code: after.code, stdout: after.stdout }).toEqual({ args, code: 0, stdout });
    }
    for (const { when, tables: held, name } of states)
      for (const [table, rows] of held) {
        const found = await audit.items("at-time", when(), table, "--schema", "then", "--archive", place);
        expect({ name, table, found }).toEqual({ name, table, found: rows });
      }
  });
});
