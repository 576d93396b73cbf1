import type { Change, Image } from "../types.ts";
import { columnOf, columnsOf, isDoubtful, lastName, type Shapes, versionAt } from "./shapes.ts";

/** What a column is called now. */
export interface ColumnLabel {
  /** How people read it: a dropped one is marked. */
  readonly text: string;
  /** The field of JSON documents: the last name, marked only where another column goes by it. */
  readonly field: string;
}

/** What every column is called now, in the table's order; no two share a label. */
export function labelColumns(shapes: Shapes): ReadonlyMap<number, ColumnLabel> {
  const dropped = columnsOf(shapes).filter((attnum) => !shapes.present.has(attnum));
  const lastNames = dropped.map((attnum) => lastName(shapes, attnum));
  const taken = new Set([...shapes.present.values(), ...lastNames]);
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
  return (image, id) => {
    const version = versionAt(shapes, id)?.fromId ?? 0n;
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

/** Which columns are shown, and by which names. */
export interface NamesShown {
  /** Their present names, as without, or those they had then. */
  readonly schema?: "now" | "then" | undefined;
  /** The columns people are shown, by attribute number; all of them where it is left out. */
  readonly wanted?: readonly number[] | undefined;
}

/**
 * How changes are shown: a document has all columns, by their last names or as they were recorded (as always where nobody
 * can say which column a name meant); people read them in
 * the table's order, those asked for only, and see which are gone.
 */
export function changeReaders(shapes: Shapes, { schema, wanted }: NamesShown) {
  const labels = labelColumns(shapes);
  const isWanted = (attnum: number | undefined) =>
    wanted === undefined || (attnum !== undefined && wanted.includes(attnum));
  const named =
    (form: "text" | "field") =>
    (attnum: number | undefined, recorded: string): string =>
      schema === "then" || attnum === undefined || isDoubtful(shapes, recorded)
        ? recorded
        : (labels.get(attnum)?.[form] ?? recorded);
  const textName = named("text");
  return {
    document: readerOf(imageReader(shapes, { nameOf: named("field"), arranged: false })),
    text: readerOf(
      imageReader(shapes, {
        nameOf: (attnum, recorded) => (isWanted(attnum) ? textName(attnum, recorded) : undefined),
        arranged: true,
      }),
    ),
  };
}

function readerOf(read: (image: Image, id: bigint) => Image): (change: Change) => Change {
  return (change) => {
    const id = BigInt(change.id);
    return { ...change, old: change.old && read(change.old, id), new: change.new && read(change.new, id) };
  };
}

function freeName(first: string, second: string, taken: ReadonlySet<string>): string {
  let name = taken.has(first) ? second : first;
  while (taken.has(name)) name += "*";
  return name;
}
