import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { randomDdl } from "./ddl.ts";
import { randomStatement } from "./moves.ts";
import type { Random } from "./random.ts";
import { openSession, type Session } from "./session.ts";
import { designTable, type Kind, kinds, type TableDesign } from "./tables.ts";
import { type Copy, copyTables, exactSettings } from "./truth.ts";
import { ownTypes } from "./values.ts";
import { discoverWorld, type LiveTable, qualifiedName, refreshWorld, type World } from "./world.ts";

/** An instant of a history, and what is known to be true of it. */
export interface Boundary {
  /** On the server's clock, with microseconds. */
  readonly instant: string;
  /** Nobody was writing, or transactions were open that had written. */
  readonly kind: "quiet" | "busy";
  /** The tables as they were; undefined where only the marks are known. */
  readonly truth: Copy | undefined;
  /** Transactions of the group that counted as done, by label, oldest first. */
  readonly marks: readonly string[];
  /** How many statements had run by then. */
  readonly line: number;
}

/** A history that has happened. */
export interface PastHistory {
  /** As it is now. */
  readonly world: World;
  /** In order of time; the last is the present. */
  readonly boundaries: readonly Boundary[];
  /** Every statement, in order. */
  readonly log: readonly string[];
}

export interface HistorySize {
  readonly tables: number;
  readonly steps: number;
}

/** A history in the making. */
interface Making {
  readonly url: string;
  readonly control: TestSql;
  readonly sessions: readonly [Session, Session, Session];
  readonly random: Random;
  readonly boundaries: Boundary[];
  readonly log: string[];
  world: World;
  marks: string[];
  groups: number;
}

/**
 * Makes tables in a schema of their own, audits them, and lets random transactions loose on them, alone or
 * interleaved, with true copies in between. The same chance gives the same history.
 */
export async function makeHistory(
  url: string,
  schema: string,
  random: Random,
  { tables, steps }: HistorySize,
): Promise<PastHistory> {
  const control = connectTo(url, { max: 1 });
  const log: string[] = [];
  const sessions: Session[] = [];
  try {
    await control.unsafe(`create schema ${schema}; set search_path = ${schema}; ${exactSettings}`);
    for (const label of ["one", "two", "three"])
      sessions.push(await openSession(url, schema, label, random, (line) => log.push(line)));
    const [one, two, three] = sessions;
    if (!one || !two || !three) throw new Error("a session is missing");
    const world = await makeTables(url, control, one, schema, chooseKinds(random, tables), random);
    const making: Making = {
      url,
      control,
      sessions: [one, two, three],
      random,
      boundaries: [],
      log,
      world,
      marks: [],
      groups: 0,
    };
    await markQuiet(making);
    for (let step = 0; step < steps; step++) {
      if (random.chance(0.2)) await runGroup(making);
      else await runAlone(making);
    }
    return { world: making.world, boundaries: making.boundaries, log };
  } finally {
    await Promise.all([control.end({ timeout: 5 }), ...sessions.map((session) => session.end())]);
  }
}

function chooseKinds(random: Random, count: number): Kind[] {
  return random.sample(kinds, count);
}

/** Makes the tables, with rows in them that are older than the audit, and audits them by the command. */
async function makeTables(
  url: string,
  control: TestSql,
  session: Session,
  schema: string,
  chosen: readonly Kind[],
  random: Random,
): Promise<World> {
  const designs = chosen.map((kind) => designTable(kind, random));
  for (const statement of [...ownTypes, ...designs.flatMap((design) => design.statements), marksTable])
    if ((await session.run(statement)) !== undefined)
      throw new Error(`The model's tables cannot be made: ${statement}`);
  const world = await discoverWorld(control, schema, designs);
  for (let count = 0; count < 8; count++) await session.run(randomStatement(world, world.tables, random));
  await enable(url, schema, ["marks"], []);
  for (const design of designs) await enable(url, schema, [design.name], design.excluded);
  return world;
}

/** Where each transaction of a group leaves a row at its beginning and one at its end. */
const marksTable = "create table marks (label text, place text, primary key (label, place))";

async function enable(
  url: string,
  schema: string,
  tables: readonly string[],
  excluded: TableDesign["excluded"],
) {
  const names = tables.map((name) => `${schema}."${name}"`);
  const exclude = excluded.length === 0 ? [] : ["--exclude", excluded.join(",")];
  const { code, stderr } = await runCli(["enable", "--verbose", ...names, ...exclude], {
    env: { DATABASE_URL: url },
  });
  if (code !== 0) throw new Error(stderr);
}

/** The instant on the server's clock; when this returns, the clock has moved on. */
async function readClock(sql: TestSql): Promise<string> {
  const [row] = await sql<
    { at: string }[]
  >`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') as at`;
  const instant = row?.at ?? "";
  for (;;) {
    const [later] = await sql<
      { passed: boolean }[]
    >`select clock_timestamp() > ${instant}::text::timestamptz as passed`;
    if (later?.passed) return instant;
  }
}

async function markQuiet(making: Making): Promise<void> {
  const instant = await readClock(making.control);
  making.world = await refreshWorld(making.control, making.world);
  making.boundaries.push({
    instant,
    kind: "quiet",
    truth: await copyTables(making.control, making.world),
    marks: [...making.marks],
    line: making.log.length,
  });
}

const endings = [
  [14, "commit"],
  [2, "rollback"],
  [2, "prepare"],
] as const;

/** Ends the open transaction; false where nothing of it stays. */
async function endTransaction({ random }: Making, session: Session): Promise<boolean> {
  const ending = random.weighted(endings);
  if (ending !== "prepare") return (await session.run(ending)) === undefined && ending === "commit";
  const name = `'pgtrail_${random.between(0, 1e9)}'`;
  if ((await session.run(`prepare transaction ${name}`)) !== undefined) return false;
  const kept = random.chance(0.7);
  await session.run(`${kept ? "commit" : "rollback"} prepared ${name}`);
  return kept;
}

/** One transaction with nobody beside it; DDL is now and then among its statements. */
async function runAlone(making: Making): Promise<void> {
  const { random, sessions, log } = making;
  const session = random.pick(sessions);
  log.push(`-- alone, after boundary ${making.boundaries.length - 1}`);
  await session.run(
    `begin${random.weighted([
      [8, ""],
      [1, " isolation level repeatable read"],
      [1, " isolation level serializable"],
    ])}`,
  );
  const count = random.weighted([
    [4, 1],
    [4, 2],
    [3, 4],
    [1, 7],
  ]);
  let ddlAt = random.chance(0.12) ? random.between(1, count) : 0;
  for (let place = 1; place <= count; place++) {
    if (place === ddlAt) {
      const ddl = randomDdl(making.world, random);
      if (ddl !== undefined) await session.attempt(ddl);
      making.world = await refreshWorld(session.sql, making.world);
      ddlAt = 0;
    }
    await runSome(making, session, making.world.tables);
  }
  await endTransaction(making, session);
  await markQuiet(making);
}

/** A statement, several on one table, or some that are taken back. */
async function runSome(
  { world, random }: Making,
  session: Session,
  tables: readonly LiveTable[],
): Promise<void> {
  const statement = () => randomStatement(world, tables, random);
  const table = random.pick(tables);
  const inTable = () => randomStatement(world, [table], random);
  await random.weighted([
    [10, async () => void (await session.attempt(statement()))],
    [
      3,
      async () => {
        for (let count = random.between(2, 4); count > 0; count--) await session.attempt(inTable());
      },
    ],
    [
      2,
      async () => {
        await session.run("savepoint taken_back");
        for (let count = random.between(1, 3); count > 0; count--) await session.attempt(inTable());
        await session.run("rollback to taken_back");
        await session.attempt(inTable());
      },
    ],
    [
      1,
      async () => {
        await session.attempt(`truncate ${qualifiedName(world, table)}`);
        for (let count = random.between(1, 3); count > 0; count--) await session.attempt(inTable());
      },
    ],
  ])();
}

interface Member {
  readonly session: Session;
  readonly label: string;
  left: number;
  state: "ready" | "open" | "marked" | "over";
}

/** Two or three transactions interleaved; each marks its beginning and, as its last change, its end. */
async function runGroup(making: Making): Promise<void> {
  const { random, control, sessions, log } = making;
  const group = ++making.groups;
  log.push(`-- group, after boundary ${making.boundaries.length - 1}`);
  // Triggers that write at commit would come after the last mark.
  const tables = making.world.tables.filter(({ design }) => design.kind !== "late");
  const members: Member[] = sessions.slice(0, random.between(2, 3)).map((session, index) => ({
    session,
    label: `${group}.${index + 1}`,
    left: random.between(1, 4),
    state: "ready",
  }));
  const before = making.marks;
  const marked: string[] = [];
  const done: string[] = [];
  const copies: { readonly done: readonly string[]; readonly copy: Copy | undefined }[] = [
    { done: [], copy: making.boundaries.at(-1)?.truth },
  ];
  const samples: { readonly instant: string; readonly marked: readonly string[]; readonly line: number }[] =
    [];
  for (;;) {
    const going = members.filter(({ state }) => state !== "over");
    if (going.length === 0) break;
    const member = random.pick(going);
    const { session, label } = member;
    if (member.state === "ready") {
      await session.run(`begin${random.chance(0.2) ? " isolation level repeatable read" : ""}`);
      await session.run(`insert into marks values ('${label}', 'first')`);
      member.state = "open";
    } else if (member.left > 0) {
      member.left--;
      await runSome(making, session, tables);
    } else if (member.state === "open") {
      await session.run(`insert into marks values ('${label}', 'last')`);
      member.state = "marked";
      marked.push(label);
    } else {
      member.state = "over";
      if (await endTransaction(making, session)) {
        done.push(label);
        copies.push({ done: [...done], copy: await tryCopy(control, making.world) });
      }
    }
    if (random.chance(0.35))
      samples.push({ instant: await readClock(control), marked: [...marked], line: log.length });
  }
  for (const { instant, marked: markedThen, line } of samples) {
    const doneThen = markedThen.filter((label) => done.includes(label));
    making.boundaries.push({
      instant,
      kind: "busy",
      truth: copies.find(
        (copied) =>
          copied.done.length === doneThen.length && copied.done.every((label) => doneThen.includes(label)),
      )?.copy,
      marks: [...before, ...doneThen],
      line,
    });
  }
  making.marks = [...before, ...done];
  await markQuiet(making);
}

/** A copy of what is committed; undefined where a lock of somebody's stands in the way. */
async function tryCopy(control: TestSql, world: World): Promise<Copy | undefined> {
  try {
    return await copyTables(control, world);
  } catch (error) {
    if ((error as { code?: string }).code === "55P03") return undefined;
    throw error;
  }
}
