import { noneOf } from "./counts.ts";
import { withGroups } from "./history.ts";
import type { PastHistory } from "./making.ts";
import { type KnownMoment, knowable, knownMoments } from "./moments.ts";
import { printedKey, rowsByKey } from "./place.ts";
import { compare } from "./putBack.ts";
import type { Random } from "./random.ts";
import { openRepairs, type Repairs, type State } from "./repairs.ts";
import { alonePlaces, everKept, readTagIds, withTail } from "./takeOut.ts";
import { rowText, type TrueRow } from "./truth.ts";

/** What was wrong with reverts of several transactions and of concurrent ones, and how much was tried. */
export interface SeveralVerdict {
  readonly faults: readonly string[];
  /** With the transactions that were added to it. */
  readonly history: PastHistory;
  readonly counts: Readonly<Record<Count, number>>;
}

/**
 * `since`, `together` and `beside` were done and found true; besides, how many transactions and keys that was about, what could not
 * be done, and what was left out: keys of which no boundary tells how they were, and concurrent transactions to whose keys others
 * came after them.
 */
const countNames = [
  "since",
  "sinceTransactions",
  "sinceImpossible",
  "together",
  "togetherConflicts",
  "onlyOneByOneConflicts",
  "togetherImpossible",
  "beside",
  "besideKeys",
  "besideUntold",
  "besideLeftOut",
  "besideImpossible",
  "undone",
] as const;

type Count = (typeof countNames)[number];

/** Before the first. */
export function noSeveral(): Record<Count, number> {
  return noneOf(countNames);
}

interface Check extends Repairs {
  readonly random: Random;
  readonly counts: Record<Count, number>;
}

/**
 * Reverts, each time to be undone byte for byte: transactions that ran beside others; all since a quiet boundary, which gives
 * what truly was then; two or three at once, which gives the same as one after the other, the newest first; and all since a boundary
 * once more, with the operations that have come meanwhile.
 */
export async function checkSeveral(url: string, past: PastHistory, random: Random): Promise<SeveralVerdict> {
  const counts = noSeveral();
  const grown = await withGroups(url, past, random, 2);
  const repairs = await openRepairs(url, grown);
  const { faults, sql } = repairs;
  let history = grown;
  try {
    history = await withTail(sql, grown, random);
    const check: Check = { ...repairs, history, random, counts };
    for (let time = 0; time < 2; time++) await revertBeside(check);
    await revertSince(check);
    for (let time = 0; time < 2; time++) await revertTogether(check);
    await revertSince(check);
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { faults, history, counts };
}

/** Takes out all that was recorded since a quiet boundary: nobody is left who could have come later. */
async function revertSince(check: Check): Promise<void> {
  const { sql, history, random, counts, faults } = check;
  const { boundaries, world } = history;
  const boundary = random.pick(boundaries.slice(0, -1).filter(({ kind }) => kind === "quiet"));
  const place = boundaries.indexOf(boundary);
  const from = (await readTagIds(sql)).get(boundary.tag) ?? "";
  const rows = await sql<{ tx: string }[]>`
    select distinct change.xid::text as tx
    from audit.change as change
    join audit.relation as relation on relation.id = change.relation
    where change.id > ${from}::bigint and relation.schema_name = ${world.schema}`;
  if (rows.length === 0) return;
  const title = `all since boundary ${place}`;
  const before = await check.look();
  const outcome = await check.revert(
    title,
    random.sample(
      rows.map(({ tx }) => tx),
      rows.length,
    ),
  );
  const after = await check.look();
  if (outcome.kind === "conflicts")
    faults.push(`${title}: conflicts, though nobody is left: ${outcome.stderr}`);
  if (outcome.kind !== "done") {
    counts.sinceImpossible++;
    check.expectSame(`${title}: refused`, before, after);
    return;
  }
  counts.since++;
  counts.sinceTransactions += rows.length;
  const moment = momentAt(history, place);
  for (const table of world.tables)
    faults.push(...compare(title, table, moment.state, after.tables, knowable(table, moment)));
  const labels = [...new Set(after.marks.map((mark) => mark.split(" ")[0]))].sort();
  const known = [...(moment.marks ?? [])].sort();
  if (labels.join() !== known.join())
    faults.push(`${title}, marks: are of ${labels.join(", ")}, not of ${known.join(", ")}`);
  await undoAll(check, title, [outcome.operation], before);
}

/** Takes two or three out by one command, and one by one. */
async function revertTogether(check: Check): Promise<void> {
  const { sql, history, random, counts, faults } = check;
  const places = await alonePlaces(sql, history);
  const late = places.slice(-random.between(2, Math.max(2, places.length)));
  const chosen = random.sample(late, random.between(2, 3));
  const [oldest] = [...chosen].sort((one, other) => one.place - other.place);
  if (oldest === undefined || chosen.length < 2) return;
  const title = `together ${chosen.map(({ tx }) => `tx:${tx}`).join(" ")}`;
  const before = await check.look();
  const atOnce = async () => {
    const outcome = await check.revert(
      title,
      chosen.map(({ tx }) => tx),
    );
    const after = await check.look();
    await undoAll(check, title, [outcome.operation], before);
    return { ...outcome, after };
  };
  const [together, apart] = random.chance(0.5)
    ? [await atOnce(), await oneByOne(check, title, chosen, before)]
    : await (async () => {
        const apartFirst = await oneByOne(check, title, chosen, before);
        return [await atOnce(), apartFirst] as const;
      })();
  if (together.kind === "impossible" || apart.kind === "impossible") counts.togetherImpossible++;
  else if (together.kind === "conflicts") {
    counts.togetherConflicts++;
    if (apart.kind === "done")
      faults.push(`${title}: conflicts, though there are none one by one: ${together.stderr}`);
  } else if (apart.kind === "conflicts") counts.onlyOneByOneConflicts++;
  else {
    counts.together++;
    // What cannot be known of the oldest one's columns is left as it is for all of them.
    const moment = momentAt(history, oldest.place);
    for (const table of history.world.tables)
      faults.push(
        ...compare(title, table, apart.after.tables, together.after.tables, knowable(table, moment)),
      );
  }
}

/** Takes transactions out one by one, the newest first, as far as that goes, and undoes that again. */
async function oneByOne(
  check: Check,
  title: string,
  chosen: readonly { place: number; tx: string }[],
  before: State,
): Promise<{ kind: "done" | "conflicts" | "impossible"; after: State }> {
  const operations: (string | undefined)[] = [];
  let kind: "done" | "conflicts" | "impossible" = "done";
  for (const { tx } of [...chosen].sort((one, other) => other.place - one.place)) {
    const outcome = await check.revert(`${title}, one by one`, [tx]);
    kind = outcome.kind;
    if (kind !== "done") break;
    operations.push(outcome.operation);
  }
  const after = await check.look();
  await undoAll(check, `${title}, one by one`, operations, before);
  return { kind, after };
}

async function undoAll(
  check: Check,
  title: string,
  operations: readonly (string | undefined)[],
  before: State,
): Promise<void> {
  const made = operations.filter((operation) => operation !== undefined);
  await check.undo(title, made, before);
  check.counts.undone += made.length;
}

/** A transaction that ran beside others, and to whose rows nobody came after it. */
interface Beside {
  readonly tx: string;
  /** The number of the quiet boundary before it. */
  readonly place: number;
  /** By table: its keys, and whether nobody came to them between the boundary and it. */
  readonly keys: ReadonlyMap<number, ReadonlyMap<string, boolean>>;
}

/** Takes out one that ran beside others: its rows are as they were before, and all others stay. */
async function revertBeside(check: Check): Promise<void> {
  const { history, random, counts, faults } = check;
  const candidates = await listBeside(check);
  if (candidates.length === 0) return;
  const { tx, place, keys } = random.pick(candidates);
  const title = `beside others tx:${tx} after boundary ${place}`;
  const before = await check.look();
  const outcome = await check.revert(title, [tx]);
  const after = await check.look();
  if (outcome.kind === "conflicts")
    faults.push(`${title}: conflicts, though nobody came later: ${outcome.stderr}`);
  if (outcome.kind !== "done") {
    counts.besideImpossible++;
    check.expectSame(`${title}: refused`, before, after);
    return;
  }
  counts.beside++;
  const moment = momentAt(history, place);
  for (const table of history.world.tables) {
    const own = keys.get(table.oid) ?? new Map<string, boolean>();
    const columns = knowable(table, moment);
    const [was, present, found] = [moment.state, before.tables, after.tables].map((copy) =>
      rowsByKey(copy, table),
    );
    for (const [key, told] of own) {
      counts[told ? "besideKeys" : "besideUntold"]++;
      const [wanted, is] = [was, found].map((rows) => textOf(rows?.get(key), columns));
      if (told && wanted !== is) faults.push(`${title}, ${table.name} ${key}: is ${is}, not ${wanted}`);
    }
    const kept = everKept(table);
    for (const key of new Set([...(present?.keys() ?? []), ...(found?.keys() ?? [])])) {
      const [wanted, is] = [present, found].map((rows) => textOf(rows?.get(key), kept));
      if (!own.has(key) && wanted !== is)
        faults.push(`${title}, ${table.name} ${key}, which it never touched: is ${is}, not ${wanted}`);
    }
  }
  await undoAll(check, title, [outcome.operation], before);
}

function textOf(row: TrueRow | undefined, columns: readonly number[]): string | undefined {
  return row && rowText(row, columns);
}

/** Those of all concurrent ones to whose keys nobody came after them; the others are counted. */
async function listBeside({ sql, history, counts }: Check): Promise<Beside[]> {
  const { boundaries } = history;
  const idOf = await readTagIds(sql);
  const quiet = [...boundaries.entries()].filter(([, { kind }]) => kind === "quiet");
  const found: Beside[] = [];
  for (const [index, [place, boundary]] of quiet.entries()) {
    const next = quiet[index + 1]?.[1];
    if (next === undefined) break;
    const from = BigInt(idOf.get(boundary.tag) ?? 0);
    const until = BigInt(idOf.get(next.tag) ?? 0);
    const touches = await readTouches({ sql, history }, from);
    const among = new Set(touches.filter(({ id }) => id < until).map(({ tx }) => tx));
    if (among.size < 2) continue;
    for (const tx of among) {
      const keys = keysBeside(history, touches, tx, until);
      if (keys === undefined) counts.besideLeftOut++;
      else found.push({ tx, place, keys });
    }
  }
  return found;
}

/** A change that came to keys of a table; of a TRUNCATE without recorded rows it is not known which. */
interface Touch {
  readonly id: bigint;
  readonly tx: string;
  readonly table: number;
  readonly keys: readonly string[] | undefined;
}

async function readTouches({ sql, history }: Pick<Check, "sql" | "history">, from: bigint): Promise<Touch[]> {
  const { tables } = history.world;
  const rows = await sql<
    { id: string; tx: string; oid: number; key: string | null; old_key: string | null }[]
  >`
    select change.id::text as id, change.xid::text as tx, relation.oid::oid as oid, change.key, change.old_key
    from audit.change as change
    join audit.relation as relation on relation.id = change.relation
    where relation.dropped_at is null and change.id > ${String(from)}::bigint
    order by change.id`;
  return rows.flatMap(({ id, tx, oid, key, old_key }) => {
    const table = tables.find((one) => one.oid === oid);
    if (table === undefined) return [];
    const keys = [key, old_key].filter((one) => one !== null).map((one) => printedKey(table, one));
    return [{ id: BigInt(id), tx, table: oid, keys: key === null ? undefined : keys }];
  });
}

/** The keys of a transaction, and whether others came to them before it; undefined where others came after it. */
function keysBeside(
  { world }: PastHistory,
  touches: readonly Touch[],
  tx: string,
  until: bigint,
): Map<number, Map<string, boolean>> | undefined {
  const first = touches.find((touch) => touch.tx === tx)?.id ?? until;
  const keys = new Map<number, Map<string, boolean>>();
  for (const { oid } of world.tables) {
    const own = touches.filter((touch) => touch.tx === tx && touch.table === oid);
    const others = touches.filter((touch) => touch.tx !== tx && touch.table === oid);
    const met = (key: string) => others.filter((touch) => touch.keys?.includes(key) ?? true);
    const all = [...new Set(own.flatMap((touch) => touch.keys ?? []))];
    if (all.some((key) => met(key).some(({ id }) => id > first))) return undefined;
    keys.set(oid, new Map(all.map((key) => [key, met(key).length === 0])));
  }
  return keys;
}

function momentAt(history: PastHistory, place: number): KnownMoment {
  const found = knownMoments(history).find((one) => one.way === "tag" && one.place === place);
  if (found === undefined) throw new Error(`nothing is known of boundary ${place}`);
  return found;
}
