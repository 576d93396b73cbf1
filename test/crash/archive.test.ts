import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { archivedColumns } from "../../src/archive/change.ts";
import { listLeftovers } from "../../src/archive/leftovers.ts";
import { readManifests } from "../../src/archive/manifest.ts";
import { openTarget } from "../../src/archive/target.ts";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/embedded/server.ts";
import { archiveLines, logLines } from "../helpers/archivedSet.ts";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { installInto } from "../helpers/install.ts";
import { type Random, randomFrom } from "../model/random.ts";
import { killAtOnce } from "./processes.ts";

const { env } = process;
const kills = Number(env.CRASH_ARCHIVE_KILLS || 6);
/** Of which at least so many are to be killed before their end. */
const leastKilled = Math.floor(kills / 3);
const seed = Number(env.TEST_SEED || Math.floor(Math.random() * 1e6));
const random = randomFrom(seed);
const bin = fileURLToPath(new URL("../../bin/audit.js", import.meta.url));

let server: EmbeddedServer;
let sql: TestSql;
let folder: string;
const writers = { go: true, done: [] as Promise<void>[], commits: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgtrail-crash-archive-"));
  server = await startEmbeddedServer({ major: inject("postgresMajor"), settings: { fsync: "off" } });
  sql = connectTo(server.url);
  await installInto(server.url);
  await sql.unsafe(
    "create table item (id int primary key, n int, note text); create table pair (a int, b text, n int, primary key (a, b))",
  );
  await auditOf({ url: server.url })("enable", "item", "pair", "--retain", "1d");
  // So short that every run has something to rotate, to archive and to drop.
  await sql`update audit.retention set keep = interval '1 second' where keep is not null`;
  await sql.unsafe(truthSql);
});

afterAll(async () => {
  writers.go = false;
  await Promise.allSettled(writers.done);
  await sql?.end({ timeout: 5 });
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Writes down every change a second time, in the transaction that recorded it. */
const truthSql = `
  create schema truth;
  create table truth.change (id bigint not null, line text[] not null);
  create function truth.note() returns trigger language plpgsql security definer set timezone = 'UTC' set datestyle = 'ISO, MDY' as $$
  begin
    insert into truth.change values (new.id, array[${archivedColumns
      .map((name) => `case when new.${name} is not null then format('%s', new.${name}) end`)
      .join(", ")}]);
    return null;
  end
  $$;
  create trigger note after insert on audit.change for each row execute function truth.note();
  alter table audit.change enable always trigger note`;

async function writeOn(chance: Random): Promise<void> {
  const own = connectTo(server.url, { max: 1 });
  try {
    while (writers.go) {
      const first = chance.between(1, 5000);
      const rows = chance.chance(0.1) ? 400 : chance.between(1, 20);
      const statements = [
        `insert into item select n, 0, repeat(md5(n::text), 4) from generate_series(${first}, ${first + rows}) as n on conflict (id) do update set n = item.n + 1`,
        `delete from item where id between ${first} and ${first + Math.floor(rows / 3)}`,
        `insert into pair values (${first}, E'tab\\t"\\\\', 1) on conflict (a, b) do update set n = pair.n + 1`,
        `update pair set a = a + 10000 where a = ${first} and not exists (select from pair as other where other.a = pair.a + 10000)`,
      ];
      const end = chance.chance(0.1) ? "rollback" : "commit";
      try {
        await own
          .unsafe(`begin; ${chance.sample(statements, chance.between(1, 3)).join("; ")}; ${end}`)
          .simple();
        if (end === "commit") writers.commits++;
      } catch (error) {
        // The two of them lock rows in any order.
        if (!(error instanceof postgres.PostgresError) || error.code !== "40P01") throw error;
        await own.unsafe("rollback");
      }
      await sleep(chance.between(0, 20));
    }
  } finally {
    await own.end();
  }
}

async function runBin(
  args: readonly string[],
  killAfter?: number,
): Promise<{ code: number | null; text: string; took: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, [bin, ...args, "--if-locked", "wait", "--database-url", server.url], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (piece) => {
      text += piece;
    });
  const timer = killAfter === undefined ? undefined : setTimeout(() => killAtOnce(child.pid ?? 0), killAfter);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, text, took: performance.now() - started };
}

async function truthLines(): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; line: string }[]>`
    select id::text as id, to_json(line)::text as line from truth.change`;
  return new Map(rows.map(({ id, line }) => [id, JSON.stringify(JSON.parse(line))]));
}

const target = () => join(folder, "archive");

/** What is in neither place, or differs: the truth first, the archive last, for changes only ever move that way. */
async function missing(): Promise<string[]> {
  const truth = await truthLines();
  const log = await logLines(sql);
  const archive = await archiveLines(target());
  return [...truth].flatMap(([id, line]) => {
    const found = [log.get(id), archive.get(id)].filter((one) => one !== undefined);
    return found.length > 0 && found.every((one) => one === line)
      ? []
      : [`${id}: ${found.join(" / ") || "nowhere"}, not ${line}`];
  });
}

/** What a run that was killed left for the next. */
async function traces(): Promise<string[]> {
  const place = openTarget(target(), {});
  const manifests = await readManifests(place);
  const entries = await sql<{ segment: number }[]>`select segment from audit.archive`;
  const known = new Set(entries.map(({ segment }) => segment));
  const dropping = await sql`select from audit.segment where state in ('dropping', 'closing')`;
  const files = await readdir(target(), { recursive: true }).catch(() => []);
  const left = await listLeftovers(
    place,
    manifests.map(({ manifest }) => manifest),
  );
  return [
    ...(files.some((path) => path.includes(".unfinished-")) ? ["half a file"] : []),
    ...(left.length > 0 ? ["files without manifest"] : []),
    ...(manifests.some(({ manifest }) => !known.has(manifest.segment.id)) ? ["manifest not told of"] : []),
    ...(dropping.length > 0 ? ["segment on its way"] : []),
  ];
}

it(
  `after ${kills} times kill -9 of archiving, one more run converges, and no change is lost or doubled (TEST_SEED=${seed})`,
  async () => {
    writers.done = [1, 2].map((number) => writeOn(randomFrom(seed + number)));
    await sleep(1500);
    const whole = await runBin(["prune", "--archive", target(), "--format", "ndjson"]);
    expect({ code: whole.code, text: whole.code === 0 ? "" : whole.text }).toEqual({ code: 0, text: "" });
    const seen = new Map<string, number>();
    let killed = 0;
    let runs = 0;
    let took = whole.took;
    // A machine that was busy during the first run lets the others end before they are killed: then there are more of them.
    for (; runs < kills || (killed < leastKilled && runs < 5 * kills); runs++) {
      await sleep(random.between(300, 1500));
      const format = random.pick(["ndjson", "parquet"]);
      const args = random.chance(0.3)
        ? ["archive", target(), "--format", format]
        : ["prune", "--archive", target(), "--format", format];
      const run = await runBin(args, took * (0.35 + 0.75 * (random.between(0, 1000) / 1000)));
      if (run.code === null) killed++;
      else {
        expect({ code: run.code, text: run.code === 0 ? "" : run.text }).toEqual({ code: 0, text: "" });
        took = Math.min(took, run.took);
      }
      for (const trace of await traces()) seen.set(trace, (seen.get(trace) ?? 0) + 1);
      expect((await missing()).slice(0, 3)).toEqual([]);
    }
    writers.go = false;
    await Promise.all(writers.done);
    await sleep(1200);
    const last = await runBin(["prune", "--archive", target()]);
    expect({ code: last.code, text: last.code === 0 ? "" : last.text }).toEqual({ code: 0, text: "" });

    expect((await missing()).slice(0, 3)).toEqual([]);
    const truth = await truthLines();
    const [log, archive] = [await logLines(sql), await archiveLines(target())];
    expect([...log.keys(), ...archive.keys()].filter((id) => !truth.has(id))).toEqual([]);
    expect(log.size + archive.size).toBe(truth.size);
    expect(await traces()).toEqual([]);
    expect(
      await sql.unsafe(`
      select coalesce(segment.id::text, class.relname) as segment, segment.state, class.relname
      from audit.segment
      full join (
        select class.relname, inherits.inhrelid
        from pg_class as class
        left join pg_inherits as inherits on inherits.inhrelid = class.oid and not inherits.inhdetachpending
        where class.relnamespace = 'audit'::regnamespace and class.relkind = 'r' and class.relname ~ '^change_[0-9]+$'
      ) as class on class.relname = 'change_' || segment.id
      where segment.id is null
        or (segment.state = 'archived') <> (class.relname is null)
        or (class.relname is not null and class.inhrelid is null)
        or (segment.state = 'archived' and not exists (
          select from audit.archive where archive.segment = segment.id and archive.verified_at is not null))`),
    ).toEqual([]);
    expect(
      await sql.unsafe(`
      select id from audit.relation
      where lost_at is not null or horizon_at is distinct from (
        select max(gone_at) from audit.segment_relation as held where held.relation = relation.id)`),
    ).toEqual([]);
    const verified = await auditOf({ url: server.url }).run(["archive", "verify", target(), "--json"]);
    expect(verified.code).toBe(0);
    const { segments, changes } = JSON.parse(verified.stdout) as { segments: number; changes: string };
    console.info(
      `TEST_SEED=${seed}, PostgreSQL ${inject("postgresMajor")}: kill -9 of ${runs} runs (${killed} before their end), ` +
        `which left ${JSON.stringify(Object.fromEntries(seen))}; ${writers.commits} commits, ${truth.size} changes, ` +
        `${changes} of them in ${segments} archived segments, 0 missing, 0 twice`,
    );
    expect(killed).toBeGreaterThanOrEqual(leastKilled);
  },
  120_000 + kills * 40_000,
);
