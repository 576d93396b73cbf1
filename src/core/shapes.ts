import type { Image } from "../types.ts";

/** A column as one version of a table's shape has it. */
export interface ShapeColumn {
  readonly name: string;
  readonly type: string;
  /** Whether its values are kept then: neither excluded nor redacted. */
  readonly recorded: boolean;
}

/** A table's columns by attribute number, which a rename leaves as it is, from a number of the change sequence on. */
export interface ShapeVersion {
  readonly fromId: bigint;
  /** When it was written down: ISO 8601 with offset. */
  readonly fromAt: string;
  readonly columns: ReadonlyMap<number, ShapeColumn>;
}

/** The columns of a table over time. */
export interface Shapes {
  /** Every version, oldest first. */
  readonly versions: readonly ShapeVersion[];
  /** The names of today by attribute number; of a dropped table those it had last. */
  readonly present: ReadonlyMap<number, string>;
  /** Set where DDL was not followed as it happened: then a version may have been written down late. */
  readonly followedLate?: boolean | undefined;
}

/** What a column was called in the changes from one id up to, and without, another. */
export interface NameSpan {
  readonly name: string;
  readonly fromId: bigint;
  /** Undefined: to this day. */
  readonly untilId: bigint | undefined;
}

/** The version a change was made under; of what is older than all of them, the first. */
export function versionAt({ versions }: Shapes, id: bigint): ShapeVersion | undefined {
  return versions.findLast(({ fromId }) => fromId <= id) ?? versions[0];
}

/** The versions that came after a change. */
export function versionsSince({ versions }: Shapes, id: bigint): readonly ShapeVersion[] {
  return versions.filter(({ fromId }) => fromId > id);
}

/**
 * The column a change means by a name, or undefined where no version knows it. Its own version tells; where DDL was
 * not followed at once a later one may be the first to have the name, and at last the table itself.
 */
export function columnOf(shapes: Shapes, name: string, id: bigint): number | undefined {
  const from = versionAt(shapes, id)?.fromId ?? 0n;
  for (const { fromId, columns } of shapes.versions) {
    if (fromId < from) continue;
    for (const [attnum, column] of columns) if (column.name === name) return attnum;
  }
  return [...shapes.present].find(([, present]) => present === name)?.[0];
}

/** What a change's image calls a column, undefined where it does not hold it: the other way round than columnOf. */
export function nameInImage(
  shapes: Shapes,
  image: Image | null,
  id: bigint,
  attnum: number,
): string | undefined {
  if (image === null) return undefined;
  const then = versionAt(shapes, id)?.columns.get(attnum)?.name;
  if (then !== undefined && Object.hasOwn(image, then)) return then;
  const later = versionsSince(shapes, id).map(({ columns }) => columns.get(attnum)?.name);
  return [...later, shapes.present.get(attnum)].find(
    (name) => name !== undefined && Object.hasOwn(image, name) && columnOf(shapes, name, id) === attnum,
  );
}

/**
 * Whether nobody can say which column a name means at a change: it was given to several, and DDL was not followed as it
 * happened.
 */
export function isDoubtful(shapes: Shapes, name: string): boolean {
  if (!shapes.followedLate) return false;
  return columnsOf(shapes).filter((attnum) => namesOf(shapes, attnum).includes(name)).length > 1;
}

/** Every attribute number a table ever had, in the table's order. */
export function columnsOf({ versions, present }: Shapes): number[] {
  const numbers = new Set([...versions.flatMap(({ columns }) => [...columns.keys()]), ...present.keys()]);
  return [...numbers].sort((one, other) => one - other);
}

/** What a column was last called, whether it is still there or not. */
export function lastName(shapes: Shapes, attnum: number): string {
  return namesOf(shapes, attnum).at(-1) ?? "";
}

/** Every name a column ever had, oldest first, the last one last. */
export function namesOf({ versions, present }: Shapes, attnum: number): string[] {
  const names = [...versions.map(({ columns }) => columns.get(attnum)?.name), present.get(attnum)];
  const known = names.filter((name) => name !== undefined);
  return known.filter((name, place) => known.lastIndexOf(name) === place);
}

/** The names of all columns a table ever had, in the table's order. */
export function namesInOrder(shapes: Shapes): string[] {
  return [...new Set(columnsOf(shapes).flatMap((attnum) => namesOf(shapes, attnum)))];
}

/**
 * The columns meant by a name: the present one and those dropped under it, which are other columns; where none is
 * called so any longer, all that ever were. Empty where none was.
 */
export function columnsNamed(shapes: Shapes, name: string): number[] {
  const last = columnsOf(shapes).filter((attnum) => lastName(shapes, attnum) === name);
  if (last.length > 0) return last;
  return columnsOf(shapes).filter((attnum) => namesOf(shapes, attnum).includes(name));
}

/** What changes call a column, by their ids. */
export function nameSpans(shapes: Shapes, attnum: number): NameSpan[] {
  const starts = shapes.versions.map(({ fromId }) => fromId);
  const names = namesOf(shapes, attnum);
  const spans = (starts.length === 0 ? [0n] : starts).flatMap((start, index) =>
    names
      .filter((name) => columnOf(shapes, name, start) === attnum)
      // What is older than the first version is read by it.
      .map((name) => ({ name, fromId: index === 0 ? 0n : start, untilId: starts[index + 1] })),
  );
  return joinSpans(spans);
}

/** Spans of one name that follow each other as one: the condition made of them is short. */
function joinSpans(spans: readonly NameSpan[]): NameSpan[] {
  const joined: NameSpan[] = [];
  for (const span of spans) {
    const former = joined.findIndex(({ name, untilId }) => name === span.name && untilId === span.fromId);
    const found = joined[former];
    if (found) joined[former] = { ...found, untilId: span.untilId };
    else joined.push(span);
  }
  return joined;
}
