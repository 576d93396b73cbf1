import { connectTo } from "../helpers/client.ts";
import { askOf } from "./ask.ts";
import { checkBlame } from "./blame.ts";
import { checkBetween, checkLife } from "./lives.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, knownMoments } from "./moments.ts";
import { keyOf, type Place, printedKey, someKey } from "./place.ts";
import { checkQuery } from "./query.ts";
import type { Random } from "./random.ts";
import { differenceOf, rowText } from "./truth.ts";

/** Values by column name, as commands print them. */
export type PrintedRow = Readonly<Record<string, string | null>>;

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
    for (let count = 0; count < 2; count++) await check(checkQuery(ask, history, random));
    for (const table of history.world.tables) {
      const place = { ask, sql, known, table, random };
      await check(checkDiff(place));
      await check(checkRow(place));
      await check(checkLife(place));
      await check(checkBetween(place));
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { faults, asked };
}

function printedText({ table }: Place, row: PrintedRow, attnums: readonly number[]): string {
  const names = new Map(table.columns.map(({ attnum, name }) => [attnum, name]));
  return rowText(new Map(attnums.map((attnum) => [attnum, row[names.get(attnum) ?? ""] ?? null])), attnums);
}

interface Difference {
  readonly kind: "inserted" | "deleted" | "changed";
  readonly key: string;
  readonly old_key: string | null;
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
    if (difference.old === null) continue;
    const key = printedKey(table, difference.old_key ?? difference.key);
    const [old, after] = [difference.old, difference.new].map(
      (row) => row && printedText(place, row, attnums),
    );
    if (former.get(key) !== old) faults.push(`${difference.kind} ${key} was ${old}, not ${former.get(key)}`);
    if (old === after) faults.push(`${key} is no different: ${old}`);
    rows.delete(key);
  }
  for (const difference of differences) {
    if (difference.new === null) continue;
    const key = printedKey(table, difference.key);
    if (rows.has(key)) faults.push(`${difference.kind} ${key}: another row is there`);
    rows.set(key, printedText(place, difference.new, attnums));
  }
  const { missing, surplus } = differenceOf([...rowsOf(to).values()], [...rows.values()]);
  if (missing.length + surplus.length > 0)
    faults.push(`missing ${missing.join()}\n surplus ${surplus.join()}`);
  return faults.map((fault) => `diff of ${table.name} from ${from.typed} to ${to.typed}: ${fault}`);
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
