import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { describeWithDump, loadDump } from "../helpers/dump.ts";
import {
  isMove,
  type KeyedWrite,
  KeyedWriter,
  keyAfter,
  type PastTransaction,
  statementOf,
} from "../helpers/keyedWrites.ts";
import { goesThrough, type Replay, replayWithout } from "../helpers/replayWithout.ts";
import { digestTables, type RowPlace, readRow } from "../helpers/rowPlace.ts";
import { readTableShapes, type TableShape } from "../helpers/tableShape.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { type Random, randomFrom } from "../model/random.ts";

const seed = Number(process.env.MODEL_SEED || 20_261_126);
const transactions = 25;
const rounds = 12;

const countNames = [
  /** Reverted without a conflict, with the same rows as the replay: where nobody came later, where others did, and of these several at once. */
  "untouched",
  "merged",
  "several",
  /** The replay itself would not have gone through, for a foreign key did not hold on the way; at the end all hold. */
  "mended",
  /** Refused, for a foreign key would not hold. */
  "broken",
  "stopped",
  /** With the same rows as the replay, all of them or all but those of conflicts. */
  "nonconflict",
  "forced",
  /** No replay tells what should be. */
  "unlike",
  "undone",
] as const;

type Counts = Record<(typeof countNames)[number], number>;

interface Conflict {
  readonly schema: string;
  readonly table: string;
  readonly kind: "value" | "changed" | "gone" | "taken" | "moved";
  readonly tx: string;
  readonly key: string;
  readonly column: string | null;
  readonly overwritten: boolean;
}

interface Answer {
  readonly code: number;
  readonly stderr: string;
  readonly conflicts: readonly Conflict[];
  readonly later: readonly { readonly tx: string }[] | undefined;
}

/** A history in an audited database, and the same database without audit and without the history. */
interface Stage {
  readonly sql: TestSql;
  readonly shapes: readonly TableShape[];
  readonly history: readonly PastTransaction[];
  readonly replica: TestSql;
  readonly run: (...args: string[]) => Promise<Answer>;
  readonly counts: Counts;
}

for (const dump of ["chinook", "northwind"])
  describeWithDump(dump, (path) => {
    const database = useDatabase({ installed: true });
    const bare = useDatabase();
    const audit = auditOf(database, { env: { TZ: "UTC" } });

    it(`is without what is reverted as if it had never been, with MODEL_SEED=${seed}`, async () => {
      const random = randomFrom(seed);
      for (const { url } of [database, bare]) await loadDump(url, path);
      const { sql } = database;
      const shapes = await readTableShapes(sql, "public");
      await audit("enable", ...shapes.map(({ name }) => name));
      const writer = new KeyedWriter(sql, shapes, random);
      await writer.begin();
      const history: PastTransaction[] = [];
      while (history.length < transactions) history.push(await writer.run());
      const counts = Object.fromEntries(countNames.map((name) => [name, 0])) as Counts;
      const run = async (...args: string[]): Promise<Answer> => {
        const { code, stdout, stderr } = await audit.run([...args, "--json"]);
        // What the server refuses has no plan.
        const document = stdout === "" ? { conflicts: [], later: undefined } : JSON.parse(stdout);
        return { code, stderr, conflicts: document.conflicts, later: document.later };
      };
      const stage = { sql, shapes, history, replica: bare.sql, run, counts };
      for (let round = 0; round < rounds; round++)
        await revertSome(stage, chosenFrom(history, random, round % 2 === 0));
      console.info(`${dump}, MODEL_SEED=${seed}: ${JSON.stringify(counts)}`);
      expect(counts.untouched + counts.merged, "compared whole, without conflicts").toBeGreaterThan(1);
      // Another seed need not come to each of them.
      const rare = process.env.MODEL_SEED ? [] : (["several"] as const);
      for (const name of [...rare, "stopped", "nonconflict", "forced", "undone"] as const)
        expect(counts[name], name).toBeGreaterThan(0);
    });
  });

/** One to three transactions; calm ones, if there are such, have left no place that others wrote to later. */
function chosenFrom(history: readonly PastTransaction[], random: Random, calm: boolean): PastTransaction[] {
  const sample = () => random.sample(history, random.between(1, 3));
  let chosen = sample();
  for (let tries = 0; calm && !isCalm(history, chosen) && tries < 50; tries++) chosen = sample();
  return chosen;
}

function isCalm(history: readonly PastTransaction[], chosen: readonly PastTransaction[]): boolean {
  return chosen.every((one) => {
    const later = history.slice(history.indexOf(one) + 1).filter((other) => !chosen.includes(other));
    const others = later.flatMap(({ writes }) => writes);
    return one.writes.every((write) => others.every((other) => keepApart(write, other)));
  });
}

/** Whether they wrote to different places: other rows, or other columns of a row that both have updated. */
function keepApart(one: KeyedWrite, other: KeyedWrite): boolean {
  if (nameOf(one) !== nameOf(other)) return true;
  const isPlain = [one, other].every((write) => write.kind === "update" && !isMove(write));
  return isPlain && [...one.values.keys()].every((name) => !other.values.has(name));
}

/** Reverts them in each way that there is, holds each against the replay without them, and undoes it. */
async function revertSome(stage: Stage, chosen: readonly PastTransaction[]): Promise<void> {
  const { sql, shapes, history, replica, counts } = stage;
  const ids = new Set(chosen.map(({ tx }) => tx));
  const words = ["revert", ...[...ids].map((tx) => `tx:${tx}`)];
  const before = await digestTables(sql, shapes);
  const plan = await stage.run(...words);
  expect(await digestTables(sql, shapes), words.join(" ")).toEqual(before);
  for (const conflict of plan.conflicts) expectReal(stage, ids, conflict);
  expectLater(stage, ids, plan);
  const through = await goesThrough(replica, history, ids);
  await replayWithout(replica, shapes, history, ids, async (replay) => {
    const title = `${words.join(" ")} (${replay.end}, ${through})`;
    const round = { ...stage, ids, words, before, replay, title };
    const stopped = await revert(round, "stop");
    expect({ title, ...stopped }).toEqual({ title, ...plan });
    if (plan.conflicts.length === 0) {
      if (stopped.code === 0) await compareWhole(round, through);
      else await expectRefused(round, stopped);
      return;
    }
    expect(stopped.code, title).toBe(5);
    expect(await digestTables(sql, shapes), title).toEqual(before);
    counts.stopped++;
    await leaveAlone(round);
    if (counts.forced < 3) await overwrite(round);
  });
}

interface Round extends Stage {
  readonly ids: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly before: Readonly<Record<string, string>>;
  readonly replay: Replay;
  readonly title: string;
}

async function revert({ run, words }: Round, mode: string): Promise<Answer> {
  return run(...words, "--mode", mode, "--apply");
}

/** Nothing stood against it: then all rows are as in the replay, whose foreign keys hold. */
async function compareWhole(round: Round, through: string): Promise<void> {
  const { sql, shapes, replay, counts, title, ids, before } = round;
  if (replay.end === "taken") counts.unlike++;
  else {
    const found = await digestTables(sql, shapes);
    expect({ title, found }).toEqual({ title, found: await digestTables(replay.sql, shapes) });
    expect({ title, broken: replay.broken }).toEqual({ title, broken: [] });
    counts[laterWriters(round, ids).size > 0 ? "merged" : "untouched"]++;
    if (ids.size > 1) counts.several++;
    if (through === "foreign key") counts.mended++;
  }
  await undo(round, before);
}

/** Where what would come of it breaks a foreign key, it is refused. */
async function expectRefused(round: Round, { code, stderr }: Answer): Promise<void> {
  const { sql, shapes, before, replay, counts, title } = round;
  expect(await digestTables(sql, shapes), title).toEqual(before);
  expect({ title, code, stderr }).toEqual({ title, code: 5, stderr: expect.stringMatching(/foreign key/) });
  if (replay.end === "clean") expect(replay.broken, `${title}: ${stderr}`).not.toEqual([]);
  counts.broken++;
}

/**
 * What others have changed stays: where the replay has these rows as well, it has them so. Where a write of the replay found no
 * row, others stand for it that are conflicts.
 */
async function leaveAlone(round: Round): Promise<void> {
  const { sql, shapes, replay, counts, title, before } = round;
  const answer = await revert(round, "nonconflict");
  if (answer.code !== 0) return expectRefused(round, answer);
  expect(answer.conflicts.filter(({ overwritten }) => overwritten)).toEqual([]);
  if (replay.end === "taken") counts.unlike++;
  else {
    const except = replay.end === "clean" ? [] : placesOf(round, answer.conflicts);
    const found = await digestTables(sql, shapes, except);
    expect({ title, found }).toEqual({ title, found: await digestTables(replay.sql, shapes, except) });
    if (replay.end === "clean") expect(replay.broken, title).toEqual([]);
    counts.nonconflict++;
  }
  await undo(round, before);
}

/** What was before wins, and rows that no conflict speaks of are as in the replay. */
async function overwrite(round: Round): Promise<void> {
  const { sql, shapes, replay, counts, title, before } = round;
  const answer = await revert(round, "force");
  if (answer.code !== 0) return expectRefused({ ...round, replay: { ...replay, end: "idle" } }, answer);
  for (const conflict of answer.conflicts) if (conflict.overwritten) await expectFormer(round, conflict);
  if (replay.end !== "taken") {
    const except = placesOf(round, answer.conflicts);
    const found = await digestTables(sql, shapes, except);
    expect({ title, found }).toEqual({ title, found: await digestTables(replay.sql, shapes, except) });
  }
  counts.forced++;
  await undo(round, before);
}

/** Leads back byte for byte; where nothing was to be done there is nothing to undo. */
async function undo({ sql, shapes, run, counts, title }: Round, before: Round["before"]): Promise<void> {
  if (JSON.stringify(await digestTables(sql, shapes)) === JSON.stringify(before)) return;
  const { code, stderr, conflicts } = await run("undo", "--apply");
  expect({ title, code, stderr, conflicts }).toMatchObject({ title, code: 0, conflicts: [] });
  expect(await digestTables(sql, shapes), `${title}: undo`).toEqual(before);
  counts.undone++;
}

/** What a conflict speaks of was written by somebody who came later and is not reverted. */
function expectReal({ history, shapes }: Stage, ids: ReadonlySet<string>, conflict: Conflict): void {
  const places = relatives(history, placeOf(shapes, conflict));
  const from = history.findIndex(({ tx }) => tx === conflict.tx);
  const others = history.slice(from + 1).filter(({ tx }) => !ids.has(tx));
  const isWritten = others.some(({ writes }) => writes.some((write) => places.has(nameOf(write))));
  expect({ conflict, isWritten }).toEqual({ conflict, isWritten: true });
}

/** Whoever came later to a row is named. */
function expectLater(stage: Stage, ids: ReadonlySet<string>, { later, code }: Answer): void {
  if (later === undefined) return;
  const named = new Set(later.map(({ tx }) => tx));
  const missing = [...laterWriters(stage, ids)].filter((tx) => !named.has(tx));
  const told = toldOf(stage, new Set([...ids, ...missing]));
  expect({ ids, code, missing }, told).toEqual({ ids, code, missing: [] });
}

/** What some transactions wrote, for whoever has to find out why. */
function toldOf({ history }: Pick<Stage, "history">, ids: ReadonlySet<string>): string {
  return history
    .filter(({ tx }) => ids.has(tx))
    .flatMap(({ tx, writes }) => writes.map((write) => `${tx}: ${statementOf(write, write.key)}`))
    .join("\n");
}

/**
 * Transactions that are not reverted and wrote to rows after those that are; another row under the key of one that was inserted
 * does not count.
 */
function laterWriters({ history }: Pick<Stage, "history">, ids: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const inserted = new Set<string>();
  const later = new Set<string>();
  for (const { tx, writes } of history) {
    const touched = lastingKeys(writes);
    const born = new Set(writes.filter(({ kind }) => kind === "insert").map(nameOf));
    if (ids.has(tx)) for (const name of touched) (born.has(name) ? inserted : found).add(name);
    else {
      for (const name of born) inserted.delete(name);
      if ([...touched].some((name) => found.has(name) || inserted.has(name))) later.add(tx);
    }
  }
  return later;
}

/** The names of the rows that it touched; of those that came within it the last one, if they stayed. */
function lastingKeys(writes: readonly KeyedWrite[]): Set<string> {
  const touched = new Set<string>();
  const fresh = new Set<string>();
  for (const write of writes) {
    const [name, after] = [nameOf(write), nameOf({ ...write, key: keyAfter(write) })];
    const isFresh = fresh.delete(name) || write.kind === "insert";
    if (isFresh && write.kind !== "delete") fresh.add(after);
    if (!isFresh) for (const one of [name, after]) touched.add(one);
  }
  return new Set([...touched, ...fresh]);
}

/** What `force` overwrites is as it was before, as far as the life of the row is simple enough to tell. */
async function expectFormer({ sql, shapes, history, ids, title }: Round, conflict: Conflict): Promise<void> {
  const place = placeOf(shapes, conflict);
  const all = history.flatMap(({ tx, writes }) =>
    writes.filter((write) => nameOf(write) === nameOf(place)).map((write) => ({ tx, write })),
  );
  const own = all.filter(({ tx }) => ids.has(tx)).map(({ write }) => write);
  if (relatives(history, place).size > 1) return;
  const lives = all.filter(({ write }) => write.kind !== "update").length;
  const row = await readRow(sql, place);
  const what = { title, conflict };
  if (conflict.kind === "changed" && lives === 1)
    expect({ ...what, row }).toEqual({ ...what, row: undefined });
  if (conflict.kind === "gone" && lives === 1)
    expect({ ...what, isThere: row !== undefined }).toEqual({ ...what, isThere: true });
  const wrote = own.filter(({ values }) => values.has(conflict.column ?? ""));
  const value = conflict.column && wrote[0]?.before?.get(conflict.column);
  if (conflict.kind === "value" && lives === 0)
    expect({ ...what, value: row?.get(conflict.column ?? "") }).toEqual({ ...what, value });
  const [only, more] = own;
  if (conflict.kind === "taken" && more === undefined && only?.kind === "delete")
    expect({ ...what, row }).toEqual({ ...what, row: only.before });
}

function placesOf({ shapes, history }: Stage, conflicts: readonly Conflict[]): RowPlace[] {
  return conflicts.flatMap((conflict) => [...relatives(history, placeOf(shapes, conflict)).values()]);
}

function placeOf(shapes: readonly TableShape[], { schema, table, key }: Conflict): RowPlace {
  const shape = shapes.find(({ name }) => name === `${schema}.${table}`);
  if (shape === undefined) throw new Error(`There is no table ${schema}.${table}.`);
  return { shape, key: shape.key.length === 1 ? [key] : (JSON.parse(key) as string[]) };
}

/** The row under all keys that it ever had, by name. */
function relatives(history: readonly PastTransaction[], place: RowPlace): Map<string, RowPlace> {
  const moves = history.flatMap(({ writes }) => writes).filter(isMove);
  const found = new Map([[nameOf(place), place]]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { shape, key, ...write } of moves) {
      const ends = [key, keyAfter({ shape, key, ...write })].map((one): RowPlace => ({ shape, key: one }));
      if (ends.some((end) => found.has(nameOf(end)))) for (const end of ends) found.set(nameOf(end), end);
    }
  }
  return found;
}

function nameOf({ shape, key }: RowPlace): string {
  return JSON.stringify([shape.name, ...key]);
}
