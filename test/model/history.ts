import { connectTo, type TestSql } from "../helpers/client.ts";
import { runCli } from "../helpers/runCli.ts";
import { randomDdl } from "./ddl.ts";
import { runGroup } from "./group.ts";
import {
  endings,
  lookAround,
  type Making,
  markQuiet,
  type PastHistory,
  preparedName,
  runSome,
  setTag,
} from "./making.ts";
import { randomStatement } from "./moves.ts";
import type { Random } from "./random.ts";
import { openSession, type Session } from "./session.ts";
import { designTable, type Kind, kinds, type TableDesign } from "./tables.ts";
import { exactSettings } from "./truth.ts";
import { ownTypes } from "./values.ts";
import { discoverWorld, qualifiedName, type World } from "./world.ts";

export interface HistorySize {
  readonly tables: number;
  /** It goes on until there are that many boundaries. */
  readonly instants: number;
}

/**
 * Makes tables in a schema of their own, audits them, and lets random transactions loose on them, alone or
 * interleaved, with true copies in between. The same chance gives the same history.
 */
export async function makeHistory(
  url: string,
  schema: string,
  random: Random,
  { tables, instants }: HistorySize,
): Promise<PastHistory> {
  const control = connectTo(url, { max: 1 });
  const log: string[] = [];
  const sessions: Session[] = [];
  try {
    await control.unsafe(`create schema ${schema}; set search_path = ${schema}; ${exactSettings}`);
    const three = await openThree(url, schema, random, log);
    sessions.push(...three);
    const world = await makeTables(url, control, three[0], schema, chooseKinds(random, tables), random);
    const making: Making = {
      url,
      control,
      sessions: three,
      random,
      commitTimes: await keepsCommitTimes(control),
      boundaries: [],
      log,
      views: [],
      world,
      marks: [],
      groups: 0,
      tags: 0,
    };
    // A time is exact from the first tag on.
    await setTag(making);
    await markQuiet(making);
    while (making.boundaries.length < instants) {
      if (random.chance(0.25)) await runGroup(making);
      else await runAlone(making);
    }
    return making;
  } finally {
    await Promise.all([control.end({ timeout: 5 }), ...sessions.map((session) => session.end())]);
  }
}

/** The history with some more groups of transactions that run beside each other. */
export async function withGroups(
  url: string,
  past: PastHistory,
  random: Random,
  count: number,
): Promise<PastHistory> {
  const { schema } = past.world;
  const control = connectTo(url, { max: 1 });
  const log = [...past.log];
  const sessions: Session[] = [];
  try {
    await control.unsafe(`set search_path = ${schema}; ${exactSettings}`);
    const three = await openThree(url, schema, random, log);
    sessions.push(...three);
    const making: Making = {
      ...{ ...past, url, control, random, log, sessions: three },
      boundaries: [...past.boundaries],
      views: [...past.views],
      marks: past.boundaries.at(-1)?.byTag.marks ?? [],
      // Numbers that the history itself does not come to.
      groups: 1000,
      tags: 1000,
    };
    for (let group = 0; group < count; group++) await runGroup(making);
    return making;
  } finally {
    await Promise.all([control.end({ timeout: 5 }), ...sessions.map((session) => session.end())]);
  }
}

async function openThree(
  url: string,
  schema: string,
  random: Random,
  log: string[],
): Promise<[Session, Session, Session]> {
  const open = (label: string) => openSession(url, schema, label, random, (line) => log.push(line));
  return [await open("one"), await open("two"), await open("three")];
}

/** Whether the server keeps the times of commits. */
export async function keepsCommitTimes(sql: TestSql): Promise<boolean> {
  const [row] = await sql<
    { kept: boolean }[]
  >`select current_setting('track_commit_timestamp')::boolean as kept`;
  return row?.kept ?? false;
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
  // Then the WAL tells of each change what the row was before.
  for (const table of world.tables)
    await session.run(`alter table ${qualifiedName(world, table)} replica identity full`);
  for (let count = 0; count < 8; count++) await session.run(randomStatement(world, world.tables, random));
  const bare = designs.filter(({ excluded }) => excluded.length === 0).map(({ name }) => name);
  await enable(url, schema, ["marks", ...bare], []);
  for (const { name, excluded } of designs)
    if (excluded.length > 0) await enable(url, schema, [name], excluded);
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

/** Ends the open transaction; false where nothing of it stays. */
async function endTransaction(making: Making, session: Session): Promise<boolean> {
  const { random } = making;
  const ending = random.weighted(endings);
  if (ending !== "prepare") return (await session.run(ending)) === undefined && ending === "commit";
  const name = preparedName(making);
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
      making.world = await lookAround(making, session.sql);
      ddlAt = 0;
    }
    await runSome(making, session, making.world, making.world.tables);
  }
  await endTransaction(making, session);
  await markQuiet(making);
}
