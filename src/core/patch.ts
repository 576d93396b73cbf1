import type { Image, RowDifference } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import { byKey, type Changed, inFreeOrder, isMove } from "./moves.ts";
import { orderTakers, type Parked } from "./takers.ts";
import type { Unique } from "./uniques.ts";

/** A column as far as writing to it goes. */
export interface PatchColumn {
  readonly name: string;
  /** As SQL, with its schema where it is not built in. */
  readonly type: string;
  readonly generated: boolean;
  /** GENERATED ALWAYS AS IDENTITY: no UPDATE can set it. */
  readonly always: boolean;
  /** Whether its values at both instants are known. */
  readonly known: boolean;
  readonly nullable: boolean;
}

/** A foreign key of a table. */
export interface PatchReference {
  /** The table it points to. */
  readonly oid: number;
  /** Whether it can be checked late. */
  readonly deferrable: boolean;
  readonly columns: readonly string[];
}

/** A table with what is to be done to its rows. */
export interface PatchTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly PatchColumn[];
  /** The key's columns in key order; none where rows cannot be told apart. */
  readonly key: readonly string[];
  readonly references: readonly PatchReference[];
  /** What else than the key keeps rows apart at once. */
  readonly uniques: readonly Unique[];
  /** Whether tables inherit from it, whose rows are not its own. */
  readonly inherited: boolean;
  /** Whether a row can be written anew without more: no foreign key to it acts on the delete. */
  readonly replaceable: boolean;
  readonly differences: readonly RowDifference[];
}

export type Inserted = RowDifference & { readonly kind: "inserted" };
export type Deleted = RowDifference & { readonly kind: "deleted" };

/** One thing to do to one table. */
export type PatchStep =
  | { readonly do: "delete"; readonly table: PatchTable; readonly rows: readonly Deleted[] }
  /** Takes values that must be unique from rows for a while, so that others can have them. */
  | { readonly do: "park"; readonly table: PatchTable; readonly rows: readonly Parked[] }
  | { readonly do: "update"; readonly table: PatchTable; readonly rows: readonly Changed[] }
  /** Deleted and inserted in one statement, so that foreign keys find the row before and after. */
  | { readonly do: "replace"; readonly table: PatchTable; readonly rows: readonly Changed[] }
  | { readonly do: "insert"; readonly table: PatchTable; readonly rows: readonly Inserted[] };

export interface Patch {
  readonly steps: readonly PatchStep[];
  /** Tables whose foreign keys lead back to themselves by way of others. */
  readonly circle: readonly PatchTable[];
  /** Tables of whose rows some are written under other keys while columns that are not known stay where they are. */
  readonly parted: readonly PatchTable[];
}

interface Work {
  readonly table: PatchTable;
  readonly inserts: readonly Inserted[];
  readonly parks: readonly Parked[];
  readonly updates: readonly Changed[];
  readonly replaces: readonly Changed[];
  readonly deletes: readonly Deleted[];
  /** References to tables that come later, taken from rows that go, and given to rows when all are there. */
  readonly untied: readonly Changed[];
  readonly tied: readonly Changed[];
  /** Whether rows may go only after others have been turned away from them. */
  readonly late: boolean;
  readonly selfish: boolean;
  readonly parted: boolean;
}

/**
 * The order in which differences can be carried out without breaking a key or a foreign key on the way: deletes first,
 * children before parents, then tables from parents to children, each with its updates and inserts; where an
 * update may turn a row away from what is deleted, the delete comes last. Keys change in the order in which each is free by
 * then. Where there is none (keys that are exchanged, or that foreign keys hold), rows are written by key instead. So do
 * other values that must be unique; where these go in a circle, one is taken away first. Of tables that refer to each other,
 * references that may be NULL are set when all rows are there.
 */
export function planPatch(tables: readonly PatchTable[]): Patch {
  const { order, circle } = parentsFirst(tables);
  const late = lateTables(order);
  const works = order.map((table, place) =>
    workOf(table, late.has(table.oid), forwardColumns(table, order.slice(place + 1))),
  );
  const upwards = [...works].reverse();
  return {
    steps: [
      ...works.map(({ table, untied }): PatchStep => ({ do: "update", table, rows: untied })),
      ...upwards.filter((work) => !work.late).map(deletesOf),
      ...works.flatMap((work) =>
        work.selfish
          ? [parksOf(work), insertsOf(work), updatesOf(work), replacesOf(work)]
          : [parksOf(work), updatesOf(work), replacesOf(work), insertsOf(work)],
      ),
      ...works.map(({ table, tied }): PatchStep => ({ do: "update", table, rows: tied })),
      ...upwards.filter((work) => work.late).map(deletesOf),
    ].filter(({ rows }) => rows.length > 0),
    circle,
    parted: works.filter(({ parted }) => parted).map(({ table }) => table),
  };
}

/** What a patch writes to a table: keys that are exchanged, or values that are taken away first, need more than differences tell. */
export function writesOf({ steps }: Patch, oid: number): ReadonlySet<"insert" | "update" | "delete"> {
  return new Set(steps.flatMap((step) => (step.table.oid === oid ? writesOfStep[step.do] : [])));
}

const writesOfStep = {
  delete: ["delete"],
  park: ["update"],
  update: ["update"],
  replace: ["delete", "insert"],
  insert: ["insert"],
} as const;

/** Tables of which rows may go only after others have been turned away from them. Through circles until nothing is added. */
function lateTables(order: readonly PatchTable[]): ReadonlySet<number> {
  const late = new Set<number>();
  for (let known = -1; known < late.size; ) {
    known = late.size;
    for (const child of [...order].reverse()) {
      const turns = child.differences.some(({ kind }) => kind === "changed");
      const deletesLate =
        late.has(child.oid) &&
        child.differences.some((difference) => difference.kind === "deleted" || isMove(difference));
      if (turns || deletesLate) for (const { oid } of child.references) late.add(oid);
    }
  }
  return late;
}

const deletesOf = ({ table, deletes }: Work): PatchStep => ({ do: "delete", table, rows: deletes });
const parksOf = ({ table, parks }: Work): PatchStep => ({ do: "park", table, rows: parks });
const updatesOf = ({ table, updates }: Work): PatchStep => ({ do: "update", table, rows: updates });
const replacesOf = ({ table, replaces }: Work): PatchStep => ({ do: "replace", table, rows: replaces });
const insertsOf = ({ table, inserts }: Work): PatchStep => ({ do: "insert", table, rows: inserts });

function workOf(whole: PatchTable, late: boolean, forward: readonly string[]): Work {
  const { table, untied, tied } = untie(whole, forward);
  const fixed = table.columns.some(({ name, always }) => always && table.key.includes(name));
  const known = table.columns.every((column) => column.known || column.generated);
  const moved = table.differences.filter(isMove);
  const deleted = new Set(table.differences.filter(({ kind }) => kind === "deleted").map(({ key }) => key));
  // A row that is written anew under its key loses what is not known of it: then a foreign key had better complain, unless
  // the key that it goes to is not free by then.
  const anew = late && (known || moved.some(({ key }) => deleted.has(key)));
  const ordered = fixed || anew ? undefined : inFreeOrder(moved);
  const differences = ordered === undefined ? byKey(table.differences) : table.differences;
  const stay = differences
    .filter((difference) => difference.kind === "changed")
    .filter((difference) => !isMove(difference));
  const replaces = stay.filter((difference) => mustBeReplaced(table, difference));
  const selfish = table.references.some(({ oid }) => oid === table.oid);
  const { updates, parks, ...others } = orderTakers(table, {
    inserts: differences.filter((difference) => difference.kind === "inserted"),
    updates: [...(ordered ?? []), ...stay.filter((difference) => !replaces.includes(difference))],
    replaces,
    deletes: differences.filter((difference) => difference.kind === "deleted"),
    late,
    selfish,
  });
  return {
    ...{ ...others, table: whole, updates, parks, untied, tied, late, selfish },
    parted: ordered === undefined && moved.length > 0 && !known,
  };
}

/** Columns of foreign keys that point to tables which come later, and may be empty until these are there. */
function forwardColumns(table: PatchTable, later: readonly PatchTable[]): string[] {
  return table.references
    .filter(({ oid, deferrable }) => !deferrable && later.some((other) => other.oid === oid))
    .flatMap(({ columns }) =>
      columns.filter(
        (name) =>
          !table.key.includes(name) &&
          table.columns.some((column) => column.name === name && column.nullable && !column.generated),
      ),
    );
}

/** The table without what its rows say in these columns, and this by itself: what goes before all, and what comes after. */
function untie(
  table: PatchTable,
  columns: readonly string[],
): { table: PatchTable; untied: Changed[]; tied: Changed[] } {
  if (columns.length === 0) return { table, untied: [], tied: [] };
  const untied: Changed[] = [];
  const tied: Changed[] = [];
  const differences = table.differences.flatMap((difference): RowDifference[] => {
    const { kind, key } = difference;
    if (kind === "deleted") {
      const { filled, empty } = partOf(difference.old, columns);
      if (filled) untied.push({ kind: "changed", key, old: filled, new: empty });
      return [difference];
    }
    if (kind === "inserted") {
      const { filled, empty } = partOf(difference.new, columns);
      if (!filled) return [difference];
      tied.push({ kind: "changed", key, old: empty, new: filled });
      return [{ ...difference, new: { ...difference.new, ...empty } }];
    }
    const turned = columns.filter(
      (name) => !sameValue(columnValue(difference.old, name), columnValue(difference.new, name)),
    );
    if (turned.length === 0) return [difference];
    const pick = (image: Image) =>
      Object.fromEntries(Object.entries(image).filter(([name]) => turned.includes(name)));
    tied.push({ kind: "changed", key, old: pick(difference.old), new: pick(difference.new) });
    return [{ ...difference, new: { ...difference.new, ...pick(difference.old) } }];
  });
  return { table: { ...table, differences }, untied, tied };
}

/** What an image holds in these columns, and the same emptied; neither where it holds nothing. */
function partOf(image: Image, columns: readonly string[]) {
  const filled = columns.filter((name) => typeof columnValue(image, name) === "string");
  if (filled.length === 0) return {};
  return {
    filled: Object.fromEntries(filled.map((name) => [name, columnValue(image, name) ?? null])),
    empty: Object.fromEntries(filled.map((name) => [name, null])),
  };
}

/** Whether a column changed that no UPDATE can set, and all of the row is known. */
function mustBeReplaced({ columns, replaceable }: PatchTable, { old, new: after }: Changed): boolean {
  return (
    replaceable &&
    columns.some(
      ({ name, always }) => always && !sameValue(columnValue(old, name), columnValue(after, name)),
    ) &&
    columns.every(({ name, generated }) => generated || isKept(columnValue(after, name)))
  );
}

/** Tables so that each comes after those it points to; what goes in a circle, in the order given. */
function parentsFirst(tables: readonly PatchTable[]): { order: PatchTable[]; circle: PatchTable[] } {
  const order: PatchTable[] = [];
  const circle: PatchTable[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const free = waiting.filter((table) =>
      table.references.every(({ oid }) => oid === table.oid || !waiting.some((other) => other.oid === oid)),
    );
    const next = free.length > 0 ? free : waiting.slice(0, 1);
    if (free.length === 0) circle.push(...next);
    order.push(...next);
    waiting = waiting.filter((table) => !next.includes(table));
  }
  return { order, circle };
}
