import type { TestSql } from "../helpers/client.ts";
import { randomStatement } from "./moves.ts";
import type { Random } from "./random.ts";
import type { Session } from "./session.ts";
import { type Copy, copyTables } from "./truth.ts";
import { type WalView, walPosition } from "./wal.ts";
import { type LiveTable, qualifiedName, refreshWorld, type World } from "./world.ts";

/** What is known to be true of an instant. */
export interface Known {
  /** The tables as they were; undefined where only the marks are known. */
  readonly state: Copy | undefined;
  /** Transactions of groups that counted as done, by label; undefined where that cannot be told. */
  readonly marks: readonly string[] | undefined;
}

/** An instant of a history: a time, and a tag that was set at it while nothing moved. */
export interface Boundary {
  /** On the server's clock, with microseconds. */
  readonly instant: string;
  readonly tag: string;
  /** Nobody was writing, or transactions were open that had written. */
  readonly kind: "quiet" | "busy";
  /** What the past has to say of the instant by the clock. */
  readonly byClock: Known;
  /** What was committed. */
  readonly byTag: Known & { readonly state: Copy };
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
  /** How the tables looked to whoever wrote to them, from the first boundary on. */
  readonly views: readonly WalView[];
  /** Whether the server keeps the times of commits, so that clocks are exact. */
  readonly commitTimes: boolean;
}

/** A history in the making. */
export interface Making {
  readonly url: string;
  readonly control: TestSql;
  readonly sessions: readonly [Session, Session, Session];
  readonly random: Random;
  /** Whether the server keeps the times of commits, so that clocks are exact. */
  readonly commitTimes: boolean;
  readonly boundaries: Boundary[];
  readonly log: string[];
  readonly views: WalView[];
  world: World;
  marks: readonly string[];
  groups: number;
  tags: number;
}

/** The instant on the server's clock; when this returns, the clock has moved on. */
export async function readClock(sql: TestSql): Promise<string> {
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

/**
 * Sets a tag. Half of them lose the minute's grace that bounds the search for what was in progress: histories are
 * shorter than that, and the bound has to hold without it.
 */
export async function setTag(making: Making): Promise<string> {
  const { control, world, random } = making;
  const name = `${world.schema}.${++making.tags}`;
  await control`select audit.tag(${name})`;
  if (random.chance(0.5))
    await control`update audit.tag set since = since + interval '1 minute' where name = ${name}`;
  return name;
}

/** The tables as a session sees them now, within its transaction. */
export async function lookAround(making: Making, sql: TestSql): Promise<World> {
  const world = await refreshWorld(sql, making.world);
  making.views.push({ from: await walPosition(sql), world });
  return world;
}

/** Takes a true copy while nobody is writing. */
export async function markQuiet(making: Making): Promise<void> {
  const instant = await readClock(making.control);
  const tag = await setTag(making);
  making.world = await lookAround(making, making.control);
  const known = { state: await copyTables(making.control, making.world), marks: making.marks };
  making.boundaries.push({
    instant,
    tag,
    kind: "quiet",
    byClock: known,
    byTag: known,
    line: making.log.length,
  });
}

/** A statement, several on one table, or some that are taken back. */
export async function runSome(
  { random }: Making,
  session: Session,
  world: World,
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

/** How an open transaction ends. */
export type Ending = "commit" | "rollback" | "prepare";

export const endings = [
  [14, "commit"],
  [2, "rollback"],
  [3, "prepare"],
] as const satisfies readonly (readonly [number, Ending])[];

/** A name for a prepared transaction, as SQL. */
export function preparedName({ world, random }: Making): string {
  return `'${world.schema}_${random.between(0, 1e9)}'`;
}
