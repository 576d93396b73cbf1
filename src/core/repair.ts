import type { Image, RowDifference, Value, Withheld } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import type { PatchTable } from "./patch.ts";

/** The same difference the other way round: what it takes to come back. */
export function inverted(difference: RowDifference): RowDifference {
  switch (difference.kind) {
    case "inserted":
      return { kind: "deleted", key: difference.key, old: difference.new };
    case "deleted":
      return { kind: "inserted", key: difference.key, new: difference.old };
    case "changed": {
      const { key, oldKey, old, new: after } = difference;
      if (oldKey === undefined) return { kind: "changed", key, old: after, new: old };
      return { kind: "changed", key: oldKey, ...(key !== null && { oldKey: key }), old: after, new: old };
    }
  }
}

/**
 * What of a difference lies in these columns: of a row that is there on both sides. Its key stays as it is unless all of the
 * key's columns are among them. undefined where nothing of it does, or where the row is there on one side only.
 */
export function narrowed(
  difference: RowDifference,
  columns: readonly string[],
  keyColumns: readonly string[],
): RowDifference | undefined {
  if (difference.kind !== "changed") return undefined;
  const { key, oldKey, old, new: after } = difference;
  const isMoved = oldKey !== undefined && keyColumns.every((column) => columns.includes(column));
  const chosen = isMoved ? columns : columns.filter((column) => !keyColumns.includes(column));
  const isSame = chosen.every((column) => sameValue(columnValue(old, column), columnValue(after, column)));
  if (isSame) return undefined;
  const pick = (image: Image) =>
    Object.fromEntries(Object.entries(image).filter(([column]) => chosen.includes(column)));
  const sides = { old: pick(old), new: pick(after) };
  return isMoved
    ? { kind: "changed", key, oldKey, ...sides }
    : { kind: "changed", key: oldKey ?? key, ...sides };
}

/** Whether there is anything in a difference that can be written: a row, a key, or a value that is known. */
export function isFeasible(difference: RowDifference): boolean {
  if (difference.kind !== "changed" || difference.oldKey !== undefined) return true;
  const { old, new: after } = difference;
  return Object.entries(after).some(
    ([column, value]) => isKept(value) && !sameValue(columnValue(old, column), value),
  );
}

/** Columns whose wanted values are not known though a row needs them, each once, in the table's order. */
export function lostColumns(
  { columns, differences }: Pick<PatchTable, "columns" | "differences">,
  isLost: (column: string) => boolean,
): string[] {
  const lost = new Set<string>();
  for (const difference of differences) {
    if (difference.kind === "deleted") continue;
    for (const { name, generated } of columns) {
      const value = columnValue(difference.new, name);
      if (generated || isKept(value)) continue;
      if (difference.kind === "inserted" ? isLost(name) : value !== undefined) lost.add(name);
    }
  }
  return columns.map(({ name }) => name).filter((name) => lost.has(name));
}

/** Whether an unknown column's reason means that it had a value which is lost: one that came later is new, and what is made from others is made again. */
export function isLost(reason: string | undefined): boolean {
  return reason !== undefined && reason !== "added later" && !reason.startsWith("generated");
}

/** Every key that a difference speaks of. */
export function keysOf(differences: readonly RowDifference[]): string[] {
  const keys = new Set<string>();
  for (const difference of differences) {
    if (difference.key !== null) keys.add(difference.key);
    if (difference.kind === "changed" && difference.oldKey !== undefined) keys.add(difference.oldKey);
  }
  return [...keys];
}

/** Where a row is not what it was to become. */
export type Deviation =
  /** It is there, and should not be. */
  | { readonly kind: "present"; readonly key: string | null }
  /** It is not there, and should be. */
  | { readonly kind: "absent"; readonly key: string | null }
  | {
      readonly kind: "value";
      readonly key: string | null;
      readonly column: string;
      readonly wanted: Value;
      readonly found: Value | Withheld | undefined;
    };

/** Every key under which there is to be a row. */
export function keysToBe(differences: readonly RowDifference[]): Set<string | null> {
  return new Set(differences.filter(({ kind }) => kind !== "deleted").map(({ key }) => key));
}

/**
 * Compares what rows have become with what they were to become. `found` has the rows that are there now under the keys of
 * the differences, `wanted` the keys under which there is to be a row by these or by others. Generated columns follow from
 * the others, and are left out.
 */
export function deviationsOf(
  { columns, differences }: Pick<PatchTable, "columns" | "differences">,
  found: ReadonlyMap<string, Image>,
  wanted: ReadonlySet<string | null> = keysToBe(differences),
): Deviation[] {
  const stored = new Set(columns.filter(({ generated }) => !generated).map(({ name }) => name));
  return differences.flatMap((difference): Deviation[] => {
    const { kind, key } = difference;
    const left = kind === "deleted" ? key : kind === "changed" ? difference.oldKey : undefined;
    const stays: Deviation[] =
      left != null && !wanted.has(left) && found.has(left) ? [{ kind: "present", key: left }] : [];
    if (kind === "deleted") return stays;
    const row = found.get(key ?? "");
    if (row === undefined) return [...stays, { kind: "absent", key }];
    return [
      ...stays,
      ...Object.entries(difference.new).flatMap(([column, value]): Deviation[] => {
        if (!stored.has(column) || !isKept(value)) return [];
        const now = columnValue(row, column);
        return now === value ? [] : [{ kind: "value", key, column, wanted: value, found: now }];
      }),
    ];
  });
}

/** A sequence that gives a column its values. */
export interface OwnedSequence {
  readonly schema: string;
  readonly name: string;
  readonly column: string;
  /** The last value it gave; null where it gave none yet. bigint as text. */
  readonly last: string | null;
  readonly increment: string;
  /** Whether the caller may move it. */
  readonly movable: boolean;
}

/** A sequence that stands before a value which is put back, and the value it has to be moved to. */
export interface SequenceMove {
  readonly schema: string;
  readonly name: string;
  readonly from: string | null;
  readonly to: string;
  readonly movable: boolean;
}

/** Which sequences have to be moved so that they give none of the values that are put back; only ever forward. */
export function sequenceMoves(
  sequences: readonly OwnedSequence[],
  differences: readonly RowDifference[],
): SequenceMove[] {
  return sequences.flatMap(({ schema, name, column, last, increment, movable }): SequenceMove[] => {
    const isUp = BigInt(increment) > 0n;
    let furthest = last === null ? undefined : BigInt(last);
    let to: bigint | undefined;
    for (const difference of differences) {
      if (difference.kind === "deleted") continue;
      const value = columnValue(difference.new, column);
      if (typeof value !== "string" || !/^-?\d+$/.test(value)) continue;
      const number = BigInt(value);
      if (furthest !== undefined && (isUp ? number <= furthest : number >= furthest)) continue;
      furthest = number;
      to = number;
    }
    return to === undefined ? [] : [{ schema, name, from: last, to: String(to), movable }];
  });
}
