import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useOwnServer } from "../helpers/ownServer.ts";
import { passTime } from "../helpers/passTime.ts";
import { runCli } from "../helpers/runCli.ts";

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
const copies: string[] = [];
/** The transaction that was in progress at a remembered instant and done in the next segment. */
let straddling = "";
const bin = fileURLToPath(new URL("../../bin/audit.js", import.meta.url));

async function waitFor(query: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await database.sql.unsafe(query)).length > 0) return;
    await sleep(50);
  }
  throw new Error(`It never came to: ${query}`);
}

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
  const [mine] = await long<{ tx: string }[]>`select pg_current_xact_id()::text as tx`;
  straddling = mine?.tx ?? "";
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
  for (const folder of [place, ...copies]) await rm(folder, { recursive: true, force: true });
});

/** What is asked, by the arguments that ask it. */
function questions(): string[][] {
  const [first, , between, done] = states.map(({ when }) => when());
  const last = states.at(-1)?.when() ?? "";
  const joined =
    "select u.id, u.name, count(o.id) as n from users u left join orders o on o.owner = u.id group by 1, 2 order by 1";
  return [
    ["history", "users"],
    ["history", "users", "3"],
    ["history", "users", "5"],
    ["history", "users", "103"],
    ["history", "counters"],
    ["history", "counters", "9", "--reverse"],
    ["history", "orders", "--since", between ?? ""],
    ["history", "users", "--range", `${first}..${done}`],
    ["history", "users", "--until", "tag:tagged"],
    ["history", "users", "--grep", "late", "--limit", "2"],
    ["log"],
    ["log", "--reverse"],
    ["log", "orders", "--limit", "3"],
    ["log", "--since", "tag:tagged"],
    ["log", "--until", "tag:tagged"],
    ["blame", "users", "3"],
    ["blame", "users", "5", "--at", between ?? ""],
    ["show", `tx:${straddling}`],
    ["show", "change:21"],
    ["diff", "--tx", straddling],
    ["diff", "--all", "--from", first ?? "", "--to", last],
    ["diff", "users", "5", "--from", first ?? "", "--to", done ?? ""],
    ["at-time", "change:21", "users"],
    ...states.flatMap(({ when }) => [
      ["diff", "users", "--from", when(), "--to", last],
      ["diff", "--all", "--from", when(), "--to", last, "--each"],
      ["query", "--at", when(), joined],
      ...tables.map((table) => ["at-time", when(), table]),
      ["at-time", when(), "users", "3"],
      ["at-time", when(), "users", "5"],
    ]),
  ];
}

async function answer(args: readonly string[]) {
  const { code, stdout, stderr } = await audit.run([...args, "--json", "--tz", "UTC"]);
  return { args, code, stdout: stdout === "" ? stderr : stdout };
}

/** What a cold read might leave behind, were it not undone. */
async function traces(): Promise<unknown> {
  const [found] = await database.sql`
    select
      (select count(*)::int from pg_class) as classes,
      (select count(*)::int from pg_proc) as functions,
      (select json_agg(row_to_json(r) order by r.id) from audit.relation as r)::text as relations,
      (select json_agg(row_to_json(s) order by s.id) from audit.segment as s)::text as segments,
      (select count(*)::int from audit.change) as changes,
      (select count(*)::int from audit.operation) as operations`;
  return found;
}

const before: Awaited<ReturnType<typeof answer>>[] = [];

beforeAll(async () => {
  for (const args of questions()) before.push(await answer(args));
  expect(before.filter(({ code }) => code !== 0)).toEqual([]);
  copies.push(`${place}-ndjson`);
  await audit("archive", `${place}-ndjson`, "--format", "ndjson");
  await audit("prune", "--archive", place, "--format", "parquet");
}, 120_000);

/** A copy of the archive elsewhere, to be spoilt. */
async function copyOf(name: string): Promise<string> {
  const copy = `${place}-${name}`;
  await rm(copy, { recursive: true, force: true });
  await cp(place, copy, { recursive: true });
  copies.push(copy);
  return copy;
}

async function filesIn(folder: string, part: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.includes(part) && /\.(parquet|ndjson\.gz)$/.test(name)).sort();
}

async function flip(path: string, place: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * place);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
}

describe("what prune dropped into an archive", () => {
  it("is gone from the database, and its past with it", async () => {
    const segments = await database.sql<{ state: string }[]>`select state from audit.segment order by id`;
    expect(segments.map(({ state }) => state).slice(0, 2)).toEqual(["archived", "archived"]);
    for (const { when } of states.slice(0, 4)) {
      const { code, stderr } = await audit.run(["at-time", when(), "users"]);
      expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining("prune removed") });
      expect(stderr).toContain(
        ` What was before lies in ${place} and ${place}-ndjson: read it with --archive, `,
      );
    }
  });

  it("is answered with --archive as it was before, and nothing is left behind", async () => {
    const clean = await traces();
    for (const { args, stdout } of before) {
      const after = await answer([...args, "--archive", place]);
      expect({ args, code: after.code, stdout: after.stdout }).toEqual({ args, code: 0, stdout });
    }
    for (const { args, stdout } of before.slice(0, 24)) {
      const after = await answer([...args, "--archive", `${place}-ndjson`]);
      expect({ args, code: after.code, stdout: after.stdout }).toEqual({ args, code: 0, stdout });
    }
    expect(await traces()).toEqual(clean);
  }, 120_000);

  it("leads back to the states that were really there", async () => {
    for (const { when, tables: held, name } of states)
      for (const [table, rows] of held) {
        const found = await audit.items("at-time", when(), table, "--schema", "then", "--archive", place);
        expect({ name, table, found }).toEqual({ name, table, found: rows });
      }
  }, 60_000);

  it("is told of on stderr: how much was read, and from where", async () => {
    const { stderr } = await audit("history", "users", "7", "--archive", place);
    expect(stderr).toBe(`3 archived changes of 2 segments read from ${place}.\n`);
    const { stderr: none } = await audit(
      "history",
      "users",
      "7",
      "--since",
      states[6]?.when() ?? "",
      "--archive",
      place,
    );
    expect(none).toContain("archived changes of 2 segments");
    const { stderr: late } = await audit("log", "--since", states[6]?.when() ?? "", "--archive", place);
    expect(late).toContain(`No archived change is needed from ${place}.\n`);
  });

  it("can be read by whoever may read the log and make temporary tables, and by nobody else", async () => {
    const { sql } = database;
    const role = `cold_${database.name}`;
    await sql.unsafe(`create role ${role} login password 'cold'; grant audit_reader to ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = "cold";
    try {
      const args = [
        "history",
        "users",
        "--json",
        "--tz",
        "UTC",
        "--archive",
        place,
        "--database-url",
        url.href,
      ];
      const { code, stdout, stderr: told } = await runCli(args);
      expect(told).toContain("archived changes");
      expect({ code, stdout }).toEqual({ code: 0, stdout: before[0]?.stdout });
      const { code: idle, stderr: why } = await runCli(
        ["log", "--archive", place, "--database-url", database.url],
        {
          env: { PGOPTIONS: "-c default_transaction_read_only=on" },
        },
      );
      expect({ idle, why }).toMatchObject({
        idle: 4,
        why: expect.stringContaining("This server takes no writes"),
      });
      await sql.unsafe(`revoke temporary on database ${database.name} from public`);
      const { code: refused, stderr } = await runCli(args.filter((arg) => arg !== "--json"));
      expect({ refused, stderr }).toEqual({
        refused: 4,
        stderr:
          `error: Role ${role} may not create temporary tables in database ${database.name}, and archived changes are read into one.\n` +
          `Allow it: grant temporary on database ${database.name} to ${role}\n`,
      });
    } finally {
      await sql.unsafe(
        `grant temporary on database ${database.name} to public; drop owned by ${role}; drop role ${role}`,
      );
    }
  });

  it("holds up neither writers nor DDL nor prune nor another reader", async () => {
    const clean = await traces();
    const meanwhile = async () => {
      // Rolled back, for other questions ask for the whole log: the locks are the same.
      const writer = connectTo(database.url, { max: 1 });
      await writer.unsafe(`
        begin;
        set local lock_timeout = '2s';
        insert into users (id, name) values (7000, 'meanwhile');
        alter table users rename column name to called;
        alter table users add column more int;
        rollback`);
      await writer.end();
      const second = await answer(["at-time", states[0]?.when() ?? "", "users", "--archive", place]);
      const pruned = await audit.run(["prune"]);
      return { second: second.stdout, pruned: pruned.code };
    };
    // A reader that is stuck in the middle: the table it needs last is locked.
    const holder = connectTo(database.url, { max: 1 });
    await holder`begin`;
    await holder`lock table counters in access exclusive mode`;
    const reading = answer(["at-time", states[0]?.when() ?? "", "counters", "--archive", place]);
    await waitFor(`select from pg_locks where not granted and relation = 'counters'::regclass`);
    const outcome = await meanwhile();
    await holder`rollback`;
    await holder.end();
    const { stdout } = await reading;
    const expected = (...args: string[]) => before.find((one) => one.args.join() === args.join())?.stdout;
    expect(outcome).toEqual({ second: expected("at-time", states[0]?.when() ?? "", "users"), pruned: 0 });
    expect(stdout).toBe(expected("at-time", states[0]?.when() ?? "", "counters"));
    expect(clean).toBeDefined();
  }, 30_000);

  it.each(["SIGINT", "SIGKILL"] as const)(
    "leaves nothing behind when it is ended by %s",
    async (signal) => {
      const clean = await traces();
      const holder = connectTo(database.url, { max: 1 });
      await holder`begin`;
      await holder`lock table counters in access exclusive mode`;
      const args = ["at-time", states[0]?.when() ?? "", "counters", "--archive", place];
      const child = spawn(process.execPath, [bin, ...args, "--database-url", database.url], {
        stdio: "ignore",
      });
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
        child.once("exit", (code, by) => resolve(code ?? by)),
      );
      await waitFor(`select from pg_locks where not granted and relation = 'counters'::regclass`);
      child.kill(signal);
      expect(await ended).toBe(signal === "SIGINT" ? 130 : "SIGKILL");
      await holder`rollback`;
      await holder.end();
      await waitFor(
        `select where not exists (select from pg_stat_activity where datname = current_database() and application_name like 'audit%')`,
      );
      expect(await traces()).toEqual(clean);
    },
    30_000,
  );
});

describe("an archive that is not as it was written", () => {
  it.each([0.02, 0.5, 0.98])("is not read: a flipped byte at %d of a file", async (share) => {
    const copy = await copyOf("flipped");
    const [file = ""] = await filesIn(copy, "public.users");
    await flip(join(copy, file), share);
    for (const args of [
      ["history", "users"],
      ["history", "users", "7"],
      ["at-time", states[0]?.when() ?? "", "users"],
      ["archive", "restore", copy],
    ]) {
      const more = args[0] === "archive" ? [] : ["--archive", copy];
      const { code, stdout, stderr } = await audit.run([...args, ...more]);
      expect({ args, code, stdout }).toEqual({ args, code: 4, stdout: "" });
      expect(stderr).toContain(file);
    }
  });

  it("is not read where a file or a byte of a manifest is missing", async () => {
    const copy = await copyOf("missing");
    const [file = ""] = await filesIn(copy, "public.orders");
    await rm(join(copy, file));
    const { code, stderr } = await audit.run(["history", "orders", "--archive", copy]);
    expect(code).toBe(4);
    expect(stderr).toContain(file);
    expect((await audit.run(["history", "counters", "--archive", copy])).code).toBe(0);
    const manifest = join(copy, "_audit", "segment-000001.json");
    await writeFile(manifest, (await readFile(manifest, "utf8")).replace('"tool"', '"tool" '));
    const { code: other, stderr: told } = await audit.run(["history", "counters", "--archive", copy]);
    expect(other).toBe(4);
    expect(told).toContain("_audit/segment-000001.json is not the one that was recorded");
  });

  it("reaches no further back than what it holds, and says which segment is missing where", async () => {
    const copy = await copyOf("partial");
    await rm(join(copy, "_audit", "segment-000001.json"));
    const missing = `note: segment 1 is gone from the database and not in ${copy}; it lies in ${place} and ${place}-ndjson\n`;
    const { code, stderr } = await audit.run([
      "at-time",
      states[0]?.when() ?? "",
      "users",
      "--archive",
      copy,
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain(missing);
    const fine = await audit.run([
      "at-time",
      "tag:after_ddl",
      "users",
      "--json",
      "--tz",
      "UTC",
      "--archive",
      copy,
    ]);
    expect(fine).toMatchObject({
      code: 0,
      stdout: before.find(({ args }) => args.join() === "at-time,tag:after_ddl,users")?.stdout,
    });
    const { stderr: history } = await audit.run(["history", "users", "--archive", copy]);
    expect(history).toContain(missing);
  });

  it("is refused where it is none, or another installation's", async () => {
    const { code, stderr } = await audit.run(["log", "--archive", `${place}-nowhere`]);
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("There is no archive in"),
    });
    const copy = await copyOf("other");
    const identity = join(copy, "_audit", "archive.json");
    await writeFile(identity, (await readFile(identity, "utf8")).replace(/"\d{10,}"/, '"42"'));
    expect((await audit.run(["log", "--archive", copy])).code).toBe(5);
  });
});

describe("archive restore", () => {
  const placesOf = async (state: string) =>
    (
      await database.sql<{ id: number }[]>`select id from audit.segment where state = ${state} order by id`
    ).map(({ id }) => id);

  it("shows what would come back with --dry-run", async () => {
    const clean = await traces();
    const { stdout } = await audit("archive", "restore", place, "--dry-run");
    expect(stdout).toMatch(/would bring back 2 segments, \d+ changes\n$/);
    expect(await traces()).toEqual(clean);
  });

  it("brings a segment back, in part or whole the answers of before", async () => {
    const items = await audit.items("archive", "restore", place, "--segment", "2");
    expect(items).toMatchObject([{ segment: 2, kept_until: expect.any(String) }]);
    expect(await placesOf("archived")).toEqual([1]);
    const tagged = before.find(({ args }) => args.join() === "at-time,tag:after_ddl,users");
    expect((await answer(["at-time", "tag:after_ddl", "users"])).stdout).toBe(tagged?.stdout);
    expect((await audit.run(["at-time", states[0]?.when() ?? "", "users"])).code).toBe(3);
    await audit("archive", "restore", place, "--since", "2000-01-01");
    expect(await placesOf("archived")).toEqual([]);
    for (const { args, stdout } of before) expect(await answer(args)).toEqual({ args, code: 0, stdout });
    const { stdout } = await audit("archive", "restore", place);
    expect(stdout).toBe(`Nothing that is gone fits and lies in ${place}, so nothing is brought back.\n`);
    expect((await audit.run(["check"])).stdout).not.toContain("change_1");
  }, 120_000);

  it("is undone by prune once its time is over, without archiving anew", async () => {
    await audit("prune");
    expect(await placesOf("archived")).toEqual([]);
    const { stderr } = await audit("archive", "restore", place, "--segment", "1", "--for", "60d");
    expect(stderr).toMatch(/^Segment 1 was brought back before; it is kept until /);
    await database.sql`update audit.segment set restored_until = now() - interval '1 second' where id in (1, 2)`;
    const archivedAt =
      await database.sql`select segment, archived_at::text from audit.archive order by segment`;
    await audit("prune", "--archive", place);
    expect(await placesOf("archived")).toEqual([1, 2]);
    expect(
      await database.sql`select segment, archived_at::text from audit.archive where segment < 3 order by segment`,
    ).toEqual(archivedAt.filter(({ segment }) => segment < 3));
    expect((await audit.run(["at-time", states[0]?.when() ?? "", "users"])).code).toBe(3);
    const again = await answer(["history", "users", "--archive", place]);
    expect(again.code).toBe(0);
  }, 60_000);
});
