import type { Image, RowDifference, Value, Withheld } from "../types.ts";
import { columnValue, sameValue } from "./image.ts";
import { keyBefore } from "./moves.ts";

/** What one transaction came to in one table. */
export interface TransactionNet {
  readonly tx: string;
  readonly net: readonly RowDifference[];
  /** Whether it removed all rows without recording them. */
  readonly cleared: boolean;
  /** Whether it put rows back: then a row that it inserted under the key of one that was gone is that row. */
  readonly repairs: boolean;
}

/** Transactions and the rows that they came to. */
export interface TrackTask {
  /** From the first transaction that is reverted on, in the order in which they came to the rows concerned. */
  readonly transactions: readonly TransactionNet[];
  /** Those to be taken out. */
  readonly reverted: ReadonlySet<string>;
  /** The rows that are there now under all keys concerned, as far as their values may be known. */
  readonly present: ReadonlyMap<string, Image>;
  /** The columns that can be written to. */
  readonly columns: readonly string[];
}

export interface Row {
  readonly key: string;
  readonly image: Image;
}

export interface Entry {
  readonly tx: string;
  readonly difference: RowDifference;
}

/** One row on its way through the transactions. */
export interface Track {
  readonly entries: Entry[];
  /** Where and how it is now; undefined where it is gone. */
  present: Row | undefined;
  /** The same after what was taken out so far. */
  row: Row | undefined;
}

/** What a reverted transaction did to a row: its place among all that happened to it. */
export interface Deed {
  readonly track: Track;
  readonly place: number;
}

/** The rows, and for each reverted transaction what it did to which of them. */
export function follow({ transactions, reverted, present, columns }: TrackTask) {
  const tracks: Track[] = [];
  const deeds: Deed[][] = [];
  const at = new Map<string, Track>();
  const gone = new Map<string, Track[]>();
  const begin = () => {
    const track: Track = { entries: [], present: undefined, row: undefined };
    tracks.push(track);
    return track;
  };
  for (const { tx, net, cleared, repairs } of transactions) {
    const own = net.map((difference): Deed => {
      const from = keyFound(difference);
      const former = repairs ? formerRow(gone.get(difference.key ?? "") ?? [], difference) : undefined;
      const track = (from === undefined ? former : at.get(from)) ?? begin();
      track.entries.push({ tx, difference });
      return { track, place: track.entries.length - 1 };
    });
    if (cleared) at.clear();
    for (const difference of net) {
      const from = keyFound(difference);
      if (from !== undefined) at.delete(from);
    }
    net.forEach((difference, index) => {
      const track = own[index]?.track;
      if (difference.key === null || track === undefined) return;
      const left = (gone.get(difference.key) ?? []).filter((other) => other !== track);
      if (difference.kind === "deleted") gone.set(difference.key, [...left, track]);
      else {
        gone.set(difference.key, left);
        at.set(difference.key, track);
      }
    });
    if (reverted.has(tx)) deeds.push(own);
  }
  for (const [key, image] of present) {
    const track = at.get(key) ?? begin();
    track.present = { key, image: pick(image, (column) => columns.includes(column)) };
    track.row = track.present;
  }
  return { tracks, deeds };
}

/** Which of the rows that went under a key was put back by an insert: the only one, or the only one that had its values. */
function formerRow(gone: readonly Track[], difference: RowDifference): Track | undefined {
  if (gone.length < 2 || difference.kind !== "inserted") return gone[0];
  const alike = gone.filter(({ entries }) => {
    const last = entries.at(-1)?.difference;
    return last?.kind === "deleted" && isAlike(last.old, difference.new);
  });
  return alike.length === 1 ? alike[0] : undefined;
}

function isAlike(one: Image, other: Image): boolean {
  const columns = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return columns.every((column) => sameValue(columnValue(one, column), columnValue(other, column)));
}

/** The key under which a row was found; undefined where there was none. */
function keyFound(difference: RowDifference): string | undefined {
  return difference.kind === "inserted" ? undefined : (keyBefore(difference) ?? undefined);
}

export function entryOf({ track, place }: Deed): Entry {
  const entry = track.entries[place];
  if (entry === undefined) throw new Error("a transaction did nothing to a row it touched");
  return entry;
}

/** The value with which a transaction left a column: where it does not say so itself, the next one does that changed it. */
export function writtenValue({ track, place }: Deed, column: string): Value | Withheld | undefined {
  const [own, ...later] = track.entries.slice(place);
  const { difference } = own ?? {};
  const value = difference && difference.kind !== "deleted" ? columnValue(difference.new, column) : undefined;
  if (value !== undefined) return value;
  for (const { difference: next } of later) {
    const before = next.kind === "inserted" ? undefined : columnValue(next.old, column);
    if (before !== undefined) return before;
  }
  return undefined;
}

/** The transactions that changed a column, or the row, after a reverted one, and are not reverted. */
export function changersOf(task: TrackTask, { track, place }: Deed, column?: string): string[] {
  const later = track.entries.slice(place + 1).filter(({ difference }) => {
    if (column === undefined || difference.kind !== "changed") return true;
    const { old, new: after } = difference;
    return !sameValue(columnValue(old, column), columnValue(after, column));
  });
  return authorsOf(task, later);
}

export function authorsOf({ reverted }: TrackTask, entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ tx }) => tx))].filter((tx) => !reverted.has(tx));
}

/** Who came later to rows that a reverted transaction had touched, or to the keys that these had. */
export function laterOf(
  tracks: readonly Track[],
  task: TrackTask,
  deeds: readonly Deed[],
): ReadonlyMap<string, number> {
  const began = new Map(task.transactions.map(({ tx }, index) => [tx, index]));
  const beganAt = ({ tx }: Entry) => began.get(tx) ?? 0;
  const first = new Map<Track, number>();
  const found = new Map<string, number>();
  for (const deed of deeds) {
    const { track, place } = deed;
    first.set(track, Math.min(place, first.get(track) ?? place));
    const entry = entryOf(deed);
    const key = keyFound(entry.difference);
    if (key !== undefined) found.set(key, Math.min(beganAt(entry), found.get(key) ?? beganAt(entry)));
  }
  const later = new Map<string, number>();
  for (const track of tracks) {
    const from = first.get(track) ?? Number.POSITIVE_INFINITY;
    const entries = track.entries.filter(
      (entry, place) =>
        place > from || beganAt(entry) > (found.get(entry.difference.key ?? "") ?? Number.POSITIVE_INFINITY),
    );
    for (const tx of authorsOf(task, entries)) later.set(tx, (later.get(tx) ?? 0) + 1);
  }
  return later;
}

export function pick(image: Image, isWanted: (column: string) => boolean): Image {
  return Object.fromEntries(Object.entries(image).filter(([column]) => isWanted(column)));
}
