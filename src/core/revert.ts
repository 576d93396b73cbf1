import type { Image, RowDifference, Value, Withheld } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import {
  authorsOf,
  changersOf,
  type Deed,
  type Entry,
  entryOf,
  follow,
  laterOf,
  pick,
  type Row,
  type Track,
  type TrackTask,
  writtenValue,
} from "./tracks.ts";

/** What is to be taken out of one table. */
export interface RevertTask extends TrackTask {
  readonly keyColumns: readonly string[];
  /** Columns among those to be written whose former values cannot be put back. */
  readonly lost: ReadonlySet<string>;
  /** Whether what was before wins where somebody has changed it since. */
  readonly force: boolean;
}

/** Something that a transaction wrote and that is no longer as it left it, so that taking it out would take out more. */
export interface Conflict {
  /**
   * value: a column has another value now. changed: a row that it inserted was changed since. gone: a row that it changed is
   * gone. taken: another row has the key that a row had before. moved: the row has another key now.
   */
  readonly kind: "value" | "changed" | "gone" | "taken" | "moved";
  /** The reverted transaction. */
  readonly tx: string;
  /** The key of the row: now, or where it is gone as the transaction left or found it. */
  readonly key: string;
  /** undefined where it is about the row. */
  readonly column: string | undefined;
  /** What the transaction wrote, what is there now, what was there before; undefined where it is not known or there is none. */
  readonly written: Value | Withheld | undefined;
  readonly present: Value | Withheld | undefined;
  readonly wanted: Value | Withheld | undefined;
  /** The transactions that did it, as far as the log tells. */
  readonly by: readonly string[];
  /** Whether what was before wins all the same. */
  readonly overwritten: boolean;
}

export interface Reverted {
  /** From what is to what shall be: whole rows. */
  readonly differences: readonly RowDifference[];
  readonly conflicts: readonly Conflict[];
  /** Transactions that came to the same rows later and are not reverted, each with the number of these rows. */
  readonly later: ReadonlyMap<string, number>;
  /** Columns that a reverted transaction changed and that stay as they are, for what they were is not known. */
  readonly unknown: readonly string[];
}

interface Progress {
  readonly task: RevertTask;
  readonly tracks: readonly Track[];
  readonly conflicts: (Omit<Conflict, "overwritten"> & { readonly track: Track })[];
  readonly unknown: Set<string>;
}

/**
 * Takes transactions out of a table, the newest first, and keeps what others did to the same rows: of each value that
 * one of them wrote, the one before comes back if it is still there. Else that is a conflict: it stays, unless force is
 * asked for. Rows are followed through changes of their keys; a row that was inserted under the key of a deleted one by another
 * transaction is another row.
 */
export function revertTransactions(task: RevertTask): Reverted {
  const { tracks, deeds } = follow(task);
  const progress: Progress = { task, tracks, conflicts: [], unknown: new Set() };
  for (const own of deeds.toReversed()) revertOne(progress, own);
  return {
    differences: outcome(tracks, task),
    conflicts: progress.conflicts.map(({ track, ...found }) => ({
      ...found,
      overwritten: task.force && isOvercome(found, track),
    })),
    later: laterOf(tracks, task, deeds.flat()),
    unknown: task.columns.filter((column) => progress.unknown.has(column)),
  };
}

/** Whether a row that was gone is there again, or one that another stood in the way of where it was to come. */
function isOvercome({ kind, key }: Pick<Conflict, "kind" | "key">, { row }: Track): boolean {
  if (kind === "gone") return row !== undefined;
  return kind !== "taken" || row?.key === key;
}

/** What a row is to become. */
interface Intent {
  readonly deed: Deed;
  readonly row: Row | undefined;
  /**
   * How it comes to a key that it does not have: back to it by being inserted, or by a change of its key; or to the one that
   * it had last, if that is free. undefined where it does not.
   */
  readonly comes: "back" | "by key" | "last" | undefined;
  /** The same where it cannot have that key. */
  readonly without: Row | undefined;
}

function revertOne(progress: Progress, deeds: readonly Deed[]): void {
  const intents = deeds.flatMap((deed) => intentOf(progress, deed) ?? []);
  settleKeys(progress, intents);
}

function intentOf(progress: Progress, deed: Deed): Intent | undefined {
  const { difference } = entryOf(deed);
  switch (difference.kind) {
    case "inserted":
      return removal(progress, deed, difference);
    case "deleted":
      return revival(progress, deed, difference);
    case "changed":
      return merge(progress, deed, difference);
  }
}

/** A row that was inserted goes, if it is as it was inserted. */
function removal(
  progress: Progress,
  deed: Deed,
  { key, new: image }: RowDifference & { readonly kind: "inserted" },
): Intent | undefined {
  const { task } = progress;
  const { row } = deed.track;
  if (row === undefined) return undefined;
  const changed = task.columns.filter(
    (column) => !task.lost.has(column) && !isOurs(task, deed, column, columnValue(row.image, column)),
  );
  for (const column of changed) {
    const present = columnValue(row.image, column);
    const written = columnValue(image, column);
    conflict(progress, deed, { kind: "changed", key: row.key, column, written, present, wanted: undefined });
  }
  if (changed.length === 0 && row.key !== key) conflict(progress, deed, moved(row.key, key, undefined));
  const isFree = changed.length === 0 && row.key === key;
  if (!isFree && !task.force) return undefined;
  return { deed, row: undefined, comes: undefined, without: undefined };
}

/** A row that was deleted comes back. */
function revival(
  { task }: Progress,
  deed: Deed,
  { key, old }: RowDifference & { readonly kind: "deleted" },
): Intent | undefined {
  if (key === null || deed.track.row !== undefined) return undefined;
  return { deed, row: { key, image: wantedImage(task, old) }, comes: "back", without: undefined };
}

/** Values that were changed come back, each if it is what it was changed to. */
function merge(
  progress: Progress,
  deed: Deed,
  difference: RowDifference & { readonly kind: "changed" },
): Intent | undefined {
  const { task } = progress;
  const { track } = deed;
  const { key, oldKey, old } = difference;
  if (key === null) return undefined;
  const { row } = track;
  if (row === undefined) return brought(progress, deed, difference);
  const image = new Map(Object.entries(row.image));
  for (const column of changedColumns(task, deed, difference, row.image)) {
    const wanted = columnValue(old, column);
    const present = columnValue(row.image, column);
    if (task.lost.has(column) || !isKept(wanted)) progress.unknown.add(column);
    else if (present !== wanted) {
      const ours = isOurs(task, deed, column, present);
      const written = writtenValue(deed, column);
      if (!ours) conflict(progress, deed, { kind: "value", key: row.key, column, written, present, wanted });
      if (ours || task.force) image.set(column, wanted);
    }
  }
  const values = Object.fromEntries(image);
  const without = { key: row.key, image: values };
  if (oldKey === undefined || row.key === oldKey)
    return { deed, row: without, comes: undefined, without: row };
  if (row.key !== key) {
    conflict(progress, deed, moved(row.key, key, oldKey));
    if (!task.force) return { deed, row: without, comes: undefined, without };
  }
  const place = pick(old, (column) => task.keyColumns.includes(column));
  return { deed, row: { key: oldKey, image: { ...values, ...place } }, comes: "by key", without };
}

/** The columns that a transaction changed of a row, its key aside; `last` has the values that nobody has changed since. */
function changedColumns(
  task: RevertTask,
  deed: Deed,
  { old, new: after }: RowDifference & { readonly kind: "changed" },
  last: Image,
): string[] {
  return task.columns.filter((column) => {
    const before = columnValue(old, column);
    const isNamed = before !== undefined || columnValue(after, column) !== undefined;
    if (!isNamed || task.keyColumns.includes(column)) return false;
    return !sameValue(before, writtenValue(deed, column) ?? columnValue(last, column));
  });
}

/** A row that was changed and is gone: with force it comes back, as it was when it went but for what is reverted. */
function brought(
  progress: Progress,
  deed: Deed,
  difference: RowDifference & { readonly kind: "changed" },
): Intent | undefined {
  const { task } = progress;
  const { key, oldKey, old } = difference;
  const end = deed.track.entries.at(-1);
  conflict(progress, deed, { ...nothingKnown, kind: "gone", key: key ?? "" }, deletersOf(task, end));
  const last = end?.difference;
  if (!task.force || last?.kind !== "deleted" || last.key === null) return undefined;
  const columns = changedColumns(task, deed, difference, last.old);
  const isWanted = (column: string) =>
    columns.includes(column) || (oldKey !== undefined && task.keyColumns.includes(column));
  const image = { ...wantedImage(task, last.old), ...pick(wantedImage(task, old), isWanted) };
  return {
    ...{ deed, row: { key: oldKey ?? last.key, image }, without: undefined },
    comes: oldKey === undefined ? "last" : "back",
  };
}

/** Who deleted a row that is gone; undefined where that is reverted or not known. */
function deletersOf(task: RevertTask, last: Entry | undefined): string[] | undefined {
  const by = last?.difference.kind === "deleted" ? authorsOf(task, [last]) : [];
  return by.length > 0 ? by : undefined;
}

/** Lets rows become what they are to, as far as the keys that they come to are free by then. */
function settleKeys(progress: Progress, intents: readonly Intent[]): void {
  const { task, tracks } = progress;
  for (const { deed, row, comes } of intents) deed.track.row = comes === "last" ? undefined : row;
  const arriving = new Set(intents.filter(({ comes }) => comes === "back" || comes === "by key"));
  const moving = new Set([...arriving].map(({ deed }) => deed.track));
  const staying = byKey(tracks.filter((track) => !moving.has(track)));
  for (let left = -1; left !== arriving.size; ) {
    left = arriving.size;
    for (const intent of arriving) {
      const occupant = staying.get(intent.row?.key ?? "");
      if (occupant === undefined || intent.row === undefined) continue;
      arriving.delete(intent);
      const { deed, row, comes, without } = intent;
      if (comes === "back" && isAsWanted(occupant.row, row)) {
        deed.track.row = undefined;
        continue;
      }
      taken(progress, deed, row.key, occupant);
      if (task.force) {
        occupant.row = undefined;
        staying.delete(row.key);
      } else {
        deed.track.row = without;
        if (without) staying.set(without.key, deed.track);
      }
    }
  }
  const settled = byKey(tracks);
  for (const { deed, row, comes } of intents) {
    if (comes !== "last" || row === undefined) continue;
    const occupant = settled.get(row.key);
    if (occupant) taken(progress, deed, row.key, occupant);
    else {
      deed.track.row = row;
      settled.set(row.key, deed.track);
    }
  }
}

/** Whether a row has all the values that another is to have. */
function isAsWanted(there: Row | undefined, wanted: Row): boolean {
  return Object.entries(wanted.image).every(([column, value]) =>
    sameValue(columnValue(there?.image ?? {}, column), value),
  );
}

function taken(progress: Progress, deed: Deed, key: string, { entries }: Track): void {
  conflict(progress, deed, { ...nothingKnown, kind: "taken", key }, authorsOf(progress.task, entries));
}

/** Rows by the keys that they have by now. */
function byKey(tracks: readonly Track[]): Map<string, Track> {
  return new Map(tracks.flatMap((track) => (track.row ? [[track.row.key, track] as const] : [])));
}

/** Of a conflict that is about a row. */
const nothingKnown = { column: undefined, written: undefined, present: undefined, wanted: undefined };

/** Whether a value is the one that the reverted transaction wrote, as far as the log tells. */
function isOurs(
  task: RevertTask,
  deed: Deed,
  column: string,
  present: Value | Withheld | undefined,
): boolean {
  const written = writtenValue(deed, column);
  if (written === undefined || present === undefined) return true;
  // A mark tells of nothing but that something was written.
  return isKept(written) ? written === present : changersOf(task, deed, column).length === 0;
}

function conflict(
  { task, conflicts }: Progress,
  deed: Deed,
  what: Omit<Conflict, "tx" | "by" | "overwritten">,
  by = changersOf(task, deed, what.kind === "moved" ? undefined : what.column),
): void {
  conflicts.push({ ...what, tx: entryOf(deed).tx, by, track: deed.track });
}

function moved(present: string, written: string | null, wanted: string | undefined) {
  return { kind: "moved", key: present, column: undefined, written, present, wanted } as const;
}

/** What of a former row can be put back. */
function wantedImage({ columns, lost }: RevertTask, old: Image): Image {
  return pick(old, (column) => columns.includes(column) && !lost.has(column));
}

/** What the rows have become, against what they are; one that takes another's key is told as that row, changed. */
function outcome(tracks: readonly Track[], { columns }: RevertTask): RowDifference[] {
  const went = new Map(
    tracks.flatMap(({ present, row }) => (present && !row ? [[present.key, present.image] as const] : [])),
  );
  const came = tracks.flatMap(({ present, row }) => (row && !present ? [row] : []));
  const differences = tracks.flatMap(({ present, row }) =>
    present && row ? (changedRow(present, row, columns) ?? []) : [],
  );
  for (const { key, image } of came) {
    const old = went.get(key);
    went.delete(key);
    const anew =
      old === undefined
        ? { kind: "inserted" as const, key, new: image }
        : changedRow({ key, image: old }, { key, image: { ...old, ...image } }, columns);
    if (anew) differences.push(anew);
  }
  for (const [key, old] of went) differences.push({ kind: "deleted", key, old });
  return differences;
}

function changedRow(present: Row, row: Row, columns: readonly string[]): RowDifference | undefined {
  const isSame = columns.every((column) =>
    sameValue(columnValue(present.image, column), columnValue(row.image, column)),
  );
  const sides = { key: row.key, old: present.image, new: row.image };
  if (present.key !== row.key) return { kind: "changed", oldKey: present.key, ...sides };
  return isSame ? undefined : { kind: "changed", ...sides };
}
