import type { TestSql } from "../helpers/client.ts";
import { connectTo } from "../helpers/client.ts";
import { type Ask, askOf, keyWords } from "./ask.ts";
import { checkBlame } from "./blame.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, knownMoments } from "./moments.ts";
import { checkQuery } from "./query.ts";
import type { Random } from "./random.ts";
import { type RecordedChange, replay } from "./replay.ts";
import { differenceOf, rowText, type TrueRow } from "./truth.ts";
import type { LiveTable } from "./world.ts";

/** Values by column name, as commands print them. */
export type PrintedRow = Readonly<Record<string, string | null>>;

interface Place {
  readonly ask: Ask;
  readonly sql: TestSql;
  readonly known: readonly KnownMoment[];
  readonly table: LiveTable;
  readonly random: Random;
}

/** What the commands say wrongly, and how often each was asked. */
export interface CommandVerdict {
  readonly faults: readonly string[];
  readonly asked: ReadonlyMap<string, number>;
}

/**
 * Asks the commands about every table: `diff` between random boundaries, `at-time` for single keys, `history` and `blame`
 * of keys, `query` for joins. What `blame` says can be checked only where the WAL was kept.
 */
export async function checkCommands(
  url: string,
  history: PastHistory,
  random: Random,
  { walKept }: { readonly walKept: boolean },
): Promise<CommandVerdict> {
  const sql = connectTo(url, { max: 1 });
  const known = knownMoments(history);
  const asked = new Map<string, number>();
  const ask = askOf(url, history, asked);
  const faults: string[] = [];
  const check = async (work: Promise<string[]>) => {
    faults.push(...(await work.catch((error: Error) => [error.message])));
  };
  try {
    if (walKept) await check(checkBlame(sql, ask, history, random));
    for (let count = 0; count < 4; count++) await check(checkQuery(ask, history, random));
    for (const table of history.world.tables) {
      const place = { ask, sql, known, table, random };
      for (let count = 0; count < 2; count++) {
        await check(checkDiff(place));
        await check(checkRow(place));
        await check(checkLife(place));
      }
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { faults, asked };
}

/** The key as one text, from a row or from what a command calls its key. */
function keyOf(table: LiveTable, row: TrueRow): string {
  return JSON.stringify(table.key.map((attnum) => row.get(attnum)));
}

function printedKey(table: LiveTable, key: string): string {
  return table.key.length === 1 ? JSON.stringify([key]) : JSON.stringify(JSON.parse(key));
}

function printedText({ table }: Place, row: PrintedRow, attnums: readonly number[]): string {
  const names = new Map(table.columns.map(({ attnum, name }) => [attnum, name]));
  return rowText(new Map(attnums.map((attnum) => [attnum, row[names.get(attnum) ?? ""] ?? null])), attnums);
}

interface Difference {
  readonly kind: "inserted" | "deleted" | "changed";
  readonly key: string;
  /** The key it went by at the earlier moment, where that was another. */
  readonly old_key?: string | null;
  readonly old: PrintedRow | null;
  readonly new: PrintedRow | null;
}

/** Two moments, the earlier first; neighbours often, such as the time and the tag of one boundary. */
function somePair({ known, random }: Place): [KnownMoment, KnownMoment] {
  const places = [random.between(0, known.length - 1), random.between(0, known.length - 1)];
  if (random.chance(0.4)) places[1] = Math.min((places[0] ?? 0) + 1, known.length - 1);
  const [from, to] = places.toSorted((one, other) => one - other).map((place) => known[place]);
  if (from === undefined || to === undefined) throw new Error("A history without boundaries.");
  return [from, to];
}

/** The true rows of one moment, changed as `diff` says, have to be those of the other. */
async function checkDiff(place: Place): Promise<string[]> {
  const { ask, table } = place;
  const [from, to] = somePair(place);
  const attnums = knowable(table, from).filter((attnum) => knowable(table, to).includes(attnum));
  const faults: string[] = [];
  const differences = await ask<Difference>(table, "diff", "TABLE", "--from", from.typed, "--to", to.typed);
  const rowsOf = (moment: KnownMoment) =>
    new Map(
      (moment.state.get(table.oid)?.rows ?? []).map((row) => [keyOf(table, row), rowText(row, attnums)]),
    );
  const former = rowsOf(from);
  const rows = new Map(former);
  // What leaves a key goes first: another row may come to it.
  for (const difference of differences) {
    const key = printedKey(table, difference.old_key ?? difference.key);
    const [old, after] = [difference.old, difference.new].map(
      (row) => row && printedText(place, row, attnums),
    );
    if ((former.get(key) ?? null) !== old)
      faults.push(`${difference.kind} ${key} was ${old}, not ${former.get(key)}`);
    if (old === after) faults.push(`${key} is no different: ${old}`);
    rows.delete(key);
  }
  for (const difference of differences) {
    if (difference.new === null) continue;
    rows.set(printedKey(table, difference.key), printedText(place, difference.new, attnums));
  }
  const { missing, surplus } = differenceOf([...rowsOf(to).values()], [...rows.values()]);
  if (missing.length + surplus.length > 0)
    faults.push(`missing ${missing.join()}\n surplus ${surplus.join()}`);
  return faults.map((fault) => `diff of ${table.name} from ${from.typed} to ${to.typed}: ${fault}`);
}

/** A key that was there at some boundary, as arguments. */
function someKey({ known, random, table }: Place): { key: string; words: string[] } | undefined {
  const row = random.pick(known).state.get(table.oid)?.rows[0];
  const rows = random.pick(known).state.get(table.oid)?.rows ?? [];
  const chosen = rows.length > 0 ? random.pick(rows) : row;
  if (chosen === undefined) return undefined;
  return { key: keyOf(table, chosen), words: keyWords(table, chosen) };
}

async function checkRow(place: Place): Promise<string[]> {
  const { known, random, table } = place;
  const asked = someKey(place);
  if (asked === undefined) return [];
  const moment = random.pick(known);
  const attnums = knowable(table, moment);
  const rows = await place.ask<PrintedRow>(table, "at-time", moment.typed, "TABLE", ...asked.words);
  const expected = (moment.state.get(table.oid)?.rows ?? []).filter((row) => keyOf(table, row) === asked.key);
  const { missing, surplus } = differenceOf(
    expected.map((row) => rowText(row, attnums)),
    rows.map((row) => printedText(place, row, attnums)),
  );
  if (missing.length + surplus.length === 0) return [];
  return [
    `at-time ${moment.typed} ${table.name} ${asked.key}: missing ${missing.join()}, surplus ${surplus.join()}`,
  ];
}

/** What the life of a key comes to has to be the row that is there now. */
async function checkLife(place: Place): Promise<string[]> {
  const { known, table, sql } = place;
  const asked = someKey(place);
  const [first] = known;
  const last = known.at(-1);
  if (asked === undefined || first === undefined || last === undefined) return [];
  const attnums = knowable(table, first);
  const changes = await place.ask<RecordedChange>(table, "history", "TABLE", ...asked.words);
  const columnOf = await columnNames(sql, table);
  const rows = replay(
    new Map((first.state.get(table.oid)?.rows ?? []).map((row) => [keyOf(table, row), row])),
    changes.map((change) => ({
      ...change,
      key: change.key === null ? null : printedKey(table, change.key),
      old_key: change.old_key === null ? null : printedKey(table, change.old_key),
    })),
    columnOf,
  );
  const found = (rows.get(asked.key) ?? []).map((row) => rowText(row, attnums));
  const expected = (last.state.get(table.oid)?.rows ?? [])
    .filter((row) => keyOf(table, row) === asked.key)
    .map((row) => rowText(row, attnums));
  const { missing, surplus } = differenceOf(expected, found);
  if (missing.length + surplus.length === 0) return [];
  return [
    `history ${table.name} ${asked.key}: missing ${missing.join()}, surplus ${surplus.join()}\n${changes
      .map(({ id, op, key, old_key, old, new: after }) => JSON.stringify([id, op, key, old_key, old, after]))
      .join("\n")}`,
  ];
}

/** What a column was called when a change was recorded. */
async function columnNames(
  sql: TestSql,
  table: LiveTable,
): Promise<(id: string, name: string) => number | undefined> {
  const shapes = await sql<{ from_id: string; attnum: number; name: string }[]>`
    select from_id::text, attnum, name from audit.relation_shape
    where relation = audit._relation_of(${table.oid}::oid) order by relation_shape.from_id desc`;
  return (id, name) => {
    const from = shapes.find(({ from_id }) => BigInt(from_id) <= BigInt(id))?.from_id;
    return shapes.find((shape) => shape.from_id === from && shape.name === name)?.attnum;
  };
}
