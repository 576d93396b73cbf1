import type { Image } from "../types.ts";

/** One column in one version of a table's shape, as relation_shape keeps it. */
export interface ShapeColumn {
  /** The version holds from this number of the change sequence on. */
  readonly fromId: bigint;
  readonly attnum: number;
  readonly name: string;
}

/** The columns of a table over time, by attribute number, which a rename leaves as it is. */
export interface Shapes {
  /** Every version, oldest first. */
  readonly versions: readonly ShapeColumn[];
  /** The columns of today; of a dropped table those it had last. */
  readonly present: ReadonlyMap<number, string>;
}

/** What a column was called in the changes from one id up to, and without, another. */
export interface NameSpan {
  readonly name: string;
  readonly fromId: bigint;
  /** Undefined: to this day. */
  readonly untilId: bigint | undefined;
}

/** What a column is called now. */
export interface ColumnLabel {
  /** How people read it: a dropped one is marked. */
  readonly text: string;
  /** The field of JSON documents: the last name, marked only where another column goes by it. */
  readonly field: string;
}

/**
 * The column a change means by a name, or undefined where no version knows it. Its own version tells; where DDL was
 * not followed at once a later one may be the first to have the name, and at last the table itself.
 */
export function columnOf(shapes: Shapes, name: string, id: bigint): number | undefined {
  const from = versionAt(shapes, id);
  const found = shapes.versions.find((column) => column.fromId >= from && column.name === name);
  if (found) return found.attnum;
  return [...shapes.present].find(([, present]) => present === name)?.[0];
}

/** Every attribute number a table ever had, in the table's order. */
export function columnsOf({ versions, present }: Shapes): number[] {
  const numbers = new Set([...versions.map(({ attnum }) => attnum), ...present.keys()]);
  return [...numbers].sort((one, other) => one - other);
}

/** What a column was last called, whether it is still there or not. */
export function lastName({ versions, present }: Shapes, attnum: number): string {
  return present.get(attnum) ?? versions.findLast((column) => column.attnum === attnum)?.name ?? "";
}

/** What every column is called now, in the table's order; no two share a label. */
export function labelColumns(shapes: Shapes): ReadonlyMap<number, ColumnLabel> {
  const taken = new Set(shapes.present.values());
  const dropped = columnsOf(shapes).filter((attnum) => !shapes.present.has(attnum));
  const lastNames = dropped.map((attnum) => lastName(shapes, attnum));
  const labels = new Map<number, ColumnLabel>();
  for (const attnum of columnsOf(shapes)) {
    const name = lastName(shapes, attnum);
    if (shapes.present.has(attnum)) {
      labels.set(attnum, { text: name, field: name });
      continue;
    }
    const text = freeName(`${name} (dropped)`, `${name} (dropped, column ${attnum})`, taken);
    taken.add(text);
    const shared =
      [...shapes.present.values()].includes(name) || lastNames.filter((other) => other === name).length > 1;
    labels.set(attnum, { text, field: shared ? text : name });
  }
  return labels;
}

/**
 * The columns meant by a name: the present one and those dropped under it, which are other columns; where none is
 * called so any longer, all that ever were. Empty where none was.
 */
export function columnsNamed(shapes: Shapes, name: string): number[] {
  const last = columnsOf(shapes).filter((attnum) => lastName(shapes, attnum) === name);
  if (last.length > 0) return last;
  const former = shapes.versions.filter((column) => column.name === name).map(({ attnum }) => attnum);
  return [...new Set(former)].sort((one, other) => one - other);
}

/** What changes call a column, by their ids. */
export function nameSpans(shapes: Shapes, attnum: number): NameSpan[] {
  const starts = [...new Set(shapes.versions.map(({ fromId }) => fromId))];
  const names = new Set(shapes.versions.filter((column) => column.attnum === attnum).map(({ name }) => name));
  const present = shapes.present.get(attnum);
  if (present !== undefined) names.add(present);
  const spans = (starts.length === 0 ? [0n] : starts).flatMap((start, index) =>
    [...names]
      .filter((name) => columnOf(shapes, name, start) === attnum)
      // What is older than the first version is read by it.
      .map((name) => ({ name, fromId: index === 0 ? 0n : start, untilId: starts[index + 1] })),
  );
  return joinSpans(spans);
}

/** How images are read: columns by attribute number, then by what they are to be called. */
export interface Naming {
  /** What a column recorded under a name is called; undefined leaves it out. */
  readonly nameOf: (attnum: number | undefined, recorded: string) => string | undefined;
  /** Whether values come in the table's order; a document's fields are found by name. */
  readonly arranged: boolean;
}

/** Reads images of a table's changes as a naming wants them. Remembers what names mean: images are many, versions few. */
export function imageReader(
  shapes: Shapes,
  { nameOf, arranged }: Naming,
): (image: Image, id: bigint) => Image {
  const meanings = new Map<bigint, Map<string, { place: number; name: string | undefined }>>();
  const starts = [...new Set(shapes.versions.map(({ fromId }) => fromId))];
  return (image, id) => {
    const version = starts.findLast((start) => start <= id) ?? starts[0] ?? 0n;
    const known = meanings.get(version) ?? new Map<string, { place: number; name: string | undefined }>();
    meanings.set(version, known);
    const meaningOf = (recorded: string) => {
      let meaning = known.get(recorded);
      if (meaning === undefined) {
        const attnum = columnOf(shapes, recorded, id);
        meaning = { place: attnum ?? Number.MAX_SAFE_INTEGER, name: nameOf(attnum, recorded) };
        known.set(recorded, meaning);
      }
      return meaning;
    };
    // Most tables never rename a column, and a long answer has millions of images.
    if (!arranged && Object.keys(image).every((recorded) => meaningOf(recorded).name === recorded))
      return image;
    const entries = Object.entries(image).flatMap(([recorded, value]) => {
      const { place, name } = meaningOf(recorded);
      return name === undefined ? [] : [{ place, entry: [name, value] as const }];
    });
    if (arranged) entries.sort((one, other) => one.place - other.place);
    // Not by assignment: a column may be called __proto__.
    return Object.fromEntries(entries.map(({ entry }) => entry));
  };
}

function versionAt({ versions }: Shapes, id: bigint): bigint {
  const version = versions.findLast(({ fromId }) => fromId <= id) ?? versions[0];
  return version?.fromId ?? 0n;
}

function freeName(first: string, second: string, taken: ReadonlySet<string>): string {
  let name = taken.has(first) ? second : first;
  while (taken.has(name)) name += "*";
  return name;
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
