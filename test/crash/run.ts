import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedServer, startEmbeddedServer } from "../../src/embedded/server.ts";
import { urlOfDatabase } from "../helpers/client.ts";
import { installInto } from "../helpers/install.ts";
import { runCli } from "../helpers/runCli.ts";
import { type Random, randomFrom } from "../model/random.ts";
import { compileProgram } from "./compile.ts";
import { Crew } from "./crew.ts";
import { crashBackend, crashServer, withSession } from "./faults.ts";
import { type Note, readPreparedName, readTestimony, type Testimony } from "./journal.ts";
import { copiesSql, copyTablesSql, type Standstill } from "./present.ts";
import { schemaSql, tables } from "./tables.ts";
import { resolvePrepared } from "./transaction.ts";
import { truthSql } from "./wal.ts";

export type FaultKind = "server" | "writer" | "backend";

export interface CrashPlan {
  readonly major: number;
  readonly seed: number;
  readonly writers: number;
  /** How many faults of each kind. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** How many commits there are between two faults at least. */
  readonly commitsBetween: number;
  /** After so many faults the writers pause for a copy of all tables. */
  readonly standstillEvery: number;
}

/** What the faults left behind: the server is up, nobody writes, nothing is prepared. */
export interface Aftermath {
  readonly server: EmbeddedServer;
  readonly url: string;
  readonly testimony: Testimony;
  /** Faults that broke at least one transaction in the midst of it, by kind. */
  readonly hits: Readonly<Record<FaultKind, number>>;
  readonly standstills: readonly Standstill[];
  /** Prepared transactions that were found after the writers had left. */
  readonly leftPrepared: number;
  /** Ends the server and removes all files. */
  readonly clear: () => Promise<void>;
}

/**
 * fsync stays off: what a process has written is the operating system's, which survives kill -9 of every process.
 * A page may be torn all the same, because a write can be interrupted between two of the system's smaller pages: so
 * full_page_writes stays on. And a commit must not be acknowledged before it is written.
 */
const settings = {
  fsync: "off",
  full_page_writes: "on",
  synchronous_commit: "on",
  wal_level: "logical",
  max_prepared_transactions: 200,
  deadlock_timeout: "50ms",
  // Crashes are to hit checkpoints, and recoveries to start from one.
  checkpoint_timeout: "30s",
  max_wal_size: "64MB",
  autovacuum_naptime: "5s",
};

const writerRole = "crash_writer";

/** Starts a server, lets the writers write to it, and breaks things until the plan is fulfilled. */
export async function runCrashes(plan: CrashPlan): Promise<Aftermath> {
  const directory = await mkdtemp(join(tmpdir(), "pgtrail-crash-"));
  const [program, server] = await Promise.all([
    compileProgram("crash/writer.ts", join(directory, "program")),
    startEmbeddedServer({ major: plan.major, settings }),
  ]);
  const clear = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  let crew: Crew | undefined;
  try {
    const url = await prepareDatabase(server);
    const writerUrl = new URL(url);
    writerUrl.username = writerRole;
    crew = new Crew({ program, url: writerUrl.href, directory, writers: plan.writers, seed: plan.seed });
    const { hits, standstills } = await breakThings(plan, server, url, crew);
    await crew.stop();
    const own: Note[] = [];
    const leftPrepared = await resolveAll(url, own);
    return {
      server,
      url,
      testimony: readTestimony([...crew.journals(), own], true),
      hits,
      standstills,
      leftPrepared,
      clear,
    };
  } catch (error) {
    crew?.abandon();
    await clear();
    throw error;
  }
}

async function prepareDatabase(server: EmbeddedServer): Promise<string> {
  const { password } = new URL(server.url);
  const url = urlOfDatabase(server.url, "crash");
  await withSession(server.url, async (session) => {
    await session.run(`create role ${writerRole} login password '${password}'`);
    await session.run("create database crash template template0");
  });
  await withSession(url, (session) => session.run(schemaSql));
  await installInto(url);
  for (const { name, excluded } of tables) {
    const more = excluded.length > 0 ? ["--exclude", excluded.join(",")] : [];
    const { code, stderr } = await runCli(["enable", name, ...more, "--database-url", url]);
    if (code !== 0) throw new Error(`audit enable ${name} ended with ${code}: ${stderr}`);
  }
  await withSession(url, async (session) => {
    await session.run(copiesSql);
    for (const statement of truthSql) await session.run(statement);
  });
  return url;
}

async function breakThings(
  plan: CrashPlan,
  server: EmbeddedServer,
  url: string,
  crew: Crew,
): Promise<Pick<Aftermath, "hits" | "standstills">> {
  const random = randomFrom(plan.seed);
  const hits = { server: 0, writer: 0, backend: 0 };
  const standstills: Standstill[] = [];
  await crew.progress(plan.commitsBetween);
  for (const [place, kind] of faultOrder(plan, random).entries()) {
    const before = readTestimony(crew.journals(), false).cut.size;
    await fault(kind, { server, url, crew, random });
    await crew.progress(plan.commitsBetween);
    if (readTestimony(crew.journals(), false).cut.size > before) hits[kind]++;
    if ((place + 1) % plan.standstillEvery === 0) {
      standstills.push(await standStill(url, crew, standstills.length + 1));
    }
  }
  return { hits, standstills };
}

function faultOrder({ faults }: CrashPlan, random: Random): FaultKind[] {
  const all = (["server", "writer", "backend"] as const).flatMap((kind) =>
    Array.from({ length: faults[kind] }, () => kind),
  );
  return random.sample(all, all.length);
}

async function fault(
  kind: FaultKind,
  { server, url, crew, random }: { server: EmbeddedServer; url: string; crew: Crew; random: Random },
): Promise<void> {
  if (kind === "server") return crashServer(server);
  if (kind === "writer") return crew.kill(random.between(0, 1000));
  return crashBackend(
    url,
    random.weighted([
      [4, "writer"],
      [1, "checkpointer"],
      [1, "walwriter"],
    ]),
  );
}

/** Copies all tables while nobody writes and nothing is prepared. */
async function standStill(url: string, crew: Crew, number: number): Promise<Standstill> {
  await crew.pause();
  // What the writers left prepared is theirs to note: what it is called says how it ends.
  await resolveAll(url, []);
  const at = await withSession(url, async (session) => {
    for (const statement of copyTablesSql(number)) await session.run(statement);
    const [row] = await session.run<{ at: string }>("select clock_timestamp()::text as at");
    return row?.at ?? "";
  });
  crew.go();
  return { number, at };
}

/** Does with every prepared transaction what its name says; returns how many there were. */
async function resolveAll(url: string, notes: Note[]): Promise<number> {
  return withSession(url, async (session) => {
    const left = await session.run<{ gid: string }>("select gid from pg_prepared_xacts");
    for (const { gid } of left) {
      const { token, decision } = readPreparedName(gid);
      await resolvePrepared({ session, note: (note) => notes.push(note) }, gid, token, decision);
    }
    return left.length;
  });
}
