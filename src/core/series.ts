import type { Change, Value, Withheld } from "../types.ts";

/** A value a column took, and from when on; null where it had none or none is known: NULL, a deleted row, a value not kept. */
export interface Point {
  readonly at: string;
  readonly tx: string;
  readonly value: Value;
}

/**
 * The values of one column over the changes of a row, oldest first: a point for each change that gave it another one.
 * `valueIn` reads the column from one side of a change; undefined where that side does not have it. Where new values are
 * not kept (lean images) the next change's old value tells.
 */
export function seriesOf(
  changes: readonly Change[],
  valueIn: (change: Change, side: "old" | "new") => Value | Withheld | undefined,
): Point[] {
  const points: (Point & { readonly isKnown: boolean })[] = [];
  for (const change of changes) {
    const before = known(valueIn(change, "old"));
    const last = points.at(-1);
    if (last && !last.isKnown && before !== undefined)
      points[points.length - 1] = { ...last, value: before, isKnown: true };
    const after = valueAfter(change, valueIn);
    if (after === "same") continue;
    points.push({
      at: change.at,
      tx: change.tx,
      value: after ?? null,
      isKnown: after !== undefined,
    });
  }
  return points
    .filter((point, place) => place === 0 || point.value !== points[place - 1]?.value)
    .map(({ at, tx, value }) => ({ at, tx, value }));
}

function valueAfter(
  change: Change,
  valueIn: (change: Change, side: "old" | "new") => Value | Withheld | undefined,
): Value | undefined | "same" {
  if (change.op === "delete" || change.op === "truncate") return null;
  const after = valueIn(change, "new");
  if (after !== undefined) return known(after) ?? null;
  if (change.op === "insert") return undefined;
  // A moved row's old image is whole, whatever changed.
  const isLean = change.new === null && change.oldKey === null;
  return isLean && valueIn(change, "old") !== undefined ? undefined : "same";
}

function known(value: Value | Withheld | undefined): Value | undefined {
  return typeof value === "object" && value !== null ? undefined : value;
}
