import type { Change, Image, RowDifference, Value, Withheld } from "../types.ts";
import { columnValue, sameValue } from "./image.ts";

/** What matters of a change to what several of them come to. */
export type NetChange = Pick<Change, "op" | "key" | "oldKey" | "old" | "new">;

/** One row on its way through the changes. */
interface Track {
  /** The key it had at first; undefined where it was inserted meanwhile. */
  readonly origin: string | undefined;
  /** Values before all changes, as far as they tell. */
  readonly before: Map<string, Value | Withheld>;
  /** Values by now; undefined where only the next change could tell (lean images). */
  readonly after: Map<string, Value | Withheld | undefined>;
  /** How it came, where it was inserted: with its values, or without (lean images). */
  readonly arrived: "whole" | "unknown" | undefined;
  /** Its place in the answer. */
  readonly place: number;
}

interface Progress {
  /** Rows under the key they have now, the one that was there first in front: late checks allow several. */
  readonly present: Map<string, Track[]>;
  readonly gone: Track[];
  /** Keys whose first row has been seen. */
  readonly known: Set<string>;
  seen: number;
}

/**
 * What changes of one table come to, given in the order of their effects: at most one difference per row. What was
 * inserted and deleted again is none, nor is a value that came back; a row inserted under a key that was deleted is the same
 * row, changed; a changed key is told as such; TRUNCATE deletes. Needs nothing but the changes, so of a changed row only
 * the columns that they name are known. Rows in the order in which the changes come to them.
 */
export function netOf(changes: Iterable<NetChange>): RowDifference[] {
  const progress: Progress = { present: new Map(), gone: [], known: new Set(), seen: 0 };
  const keyless: RowDifference[] = [];
  for (const change of changes) {
    if (change.key !== null) apply(progress, change, change.key);
    else if (change.op === "truncate" && change.old === null) leaveAll(progress);
    else keyless.push(...alone(change));
  }
  return [...differences(progress), ...keyless];
}

/** Whether the rows that a change removed are not in the log: a TRUNCATE of which only the event is kept. */
export function losesRows({ op, key, old }: NetChange): boolean {
  return op === "truncate" && key === null && old === null;
}

/** A change of a table without a key: nothing tells which others are of the same row. */
function alone(change: NetChange): RowDifference[] {
  return netOf([{ ...change, key: "", oldKey: null }]).map((difference) => ({ ...difference, key: null }));
}

function apply(progress: Progress, { op, oldKey, old, new: after }: NetChange, key: string): void {
  if (op === "insert") {
    const values = new Map<string, Value | Withheld | undefined>(Object.entries(after ?? {}));
    const arrived = after === null ? "unknown" : "whole";
    const place = progress.seen++;
    arrive(progress, key, { origin: undefined, before: new Map(), after: values, arrived, place });
    return;
  }
  const track = take(progress, oldKey ?? key, old ?? {});
  learn(track, old ?? {});
  if (op !== "update") {
    if (track.origin !== undefined) progress.gone.push(track);
    return;
  }
  // Without new values every old one may have changed.
  for (const [column, value] of Object.entries(after ?? old ?? {}))
    track.after.set(column, after === null ? undefined : value);
  if (oldKey === null) progress.present.set(key, [track, ...(progress.present.get(key) ?? [])]);
  else arrive(progress, key, track);
}

function arrive({ present }: Progress, key: string, track: Track): void {
  const there = present.get(key);
  if (there) there.push(track);
  else present.set(key, [track]);
}

function leaveAll({ present, gone }: Progress): void {
  for (const there of present.values())
    for (const track of there) if (track.origin !== undefined) gone.push(track);
  present.clear();
}

/**
 * The row under a key that had these values, taken away from there. Where none of those that came to the key had them, it
 * is the one that had the key from the beginning.
 */
function take(progress: Progress, key: string, old: Image): Track {
  const { present, known } = progress;
  const there = present.get(key) ?? [];
  const found = there.find((candidate) => agrees(candidate, old)) ?? (known.has(key) ? there[0] : undefined);
  if (found === undefined) {
    known.add(key);
    return { origin: key, before: new Map(), after: new Map(), arrived: undefined, place: progress.seen++ };
  }
  const others = there.filter((other) => other !== found);
  if (others.length > 0) present.set(key, others);
  else present.delete(key);
  return found;
}

/** Of what is not kept nothing can be told: the same value may be kept in one image and not in another. */
function agrees({ after }: Track, old: Image): boolean {
  return Object.entries(old).every(([column, value]) => {
    const known = after.get(column);
    return known === undefined || isWithheld(known) || isWithheld(value) || known === value;
  });
}

function isWithheld(value: Value | Withheld): boolean {
  return value !== null && typeof value === "object";
}

/** What a change tells of the values before it is true of the beginning, too, where no other change came before. */
function learn(track: Track, old: Image): void {
  for (const [column, value] of Object.entries(old)) {
    if (track.origin !== undefined && !track.after.has(column)) track.before.set(column, value);
    track.after.set(column, value);
  }
}

function differences({ present, gone }: Progress): RowDifference[] {
  const left = new Map(gone.map((track) => [track.origin, track]));
  const found: { place: number; difference: RowDifference }[] = [];
  for (const [key, tracks] of present) {
    for (const track of tracks) {
      const former = track.origin === undefined ? left.get(key) : undefined;
      if (former) left.delete(key);
      const whole = former ? { ...former, after: track.after, arrived: track.arrived } : track;
      const difference = differenceOf(whole, key);
      if (difference) found.push({ place: whole.place, difference });
    }
  }
  for (const { origin, before, place } of left.values())
    if (origin !== undefined)
      found.push({ place, difference: { kind: "deleted", key: origin, old: imageOf(before) } });
  return found.sort((one, other) => one.place - other.place).map(({ difference }) => difference);
}

function differenceOf({ origin, before, after, arrived }: Track, key: string): RowDifference | undefined {
  const now = imageOf(after);
  if (origin === undefined) return { kind: "inserted", key, new: now };
  const old = imageOf(before);
  if (origin !== key) return { kind: "changed", key, oldKey: origin, old, new: now };
  const columns = [...before.keys(), ...after.keys()];
  const changed = columns.some((column) => !sameValue(columnValue(old, column), columnValue(now, column)));
  return changed || arrived === "unknown" ? { kind: "changed", key, old, new: now } : undefined;
}

function imageOf(values: ReadonlyMap<string, Value | Withheld | undefined>): Image {
  const known = [...values].flatMap(([column, value]) =>
    value === undefined ? [] : [[column, value] as const],
  );
  return Object.fromEntries(known);
}
