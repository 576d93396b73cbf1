import type { Image, RowDifference } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";

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
}

/** A table with what is to be done to its rows. */
export interface PatchTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly PatchColumn[];
  /** The key's columns in key order; none where rows cannot be told apart. */
  readonly key: readonly string[];
  /** Tables that its foreign keys point to, and whether these can be checked late. */
  readonly references: readonly { readonly oid: number; readonly deferrable: boolean }[];
  /** Whether a row can be written anew without more: no foreign key to it acts on the delete. */
  readonly replaceable: boolean;
  readonly differences: readonly RowDifference[];
}

type Inserted = RowDifference & { readonly kind: "inserted" };
type Deleted = RowDifference & { readonly kind: "deleted" };
type Changed = RowDifference & { readonly kind: "changed" };

/** One thing to do to one table. */
export type PatchStep =
  | { readonly do: "delete"; readonly table: PatchTable; readonly rows: readonly Deleted[] }
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
  readonly updates: readonly Changed[];
  readonly replaces: readonly Changed[];
  readonly deletes: readonly Deleted[];
  /** Whether rows may go only after others have been turned away from them. */
  readonly late: boolean;
  readonly selfish: boolean;
  readonly parted: boolean;
}

/**
 * The order in which differences can be carried out without breaking a key or a foreign key on the way: deletes first,
 * children before parents, then tables from parents to children, each with its updates and inserts; where an
 * update may turn a row away from what is deleted, the delete comes last. Keys change in the order in which each is free by
 * then. Where there is none (keys that are exchanged, or that foreign keys hold), rows are written by key instead.
 */
export function planPatch(tables: readonly PatchTable[]): Patch {
  const { order, circle } = parentsFirst(tables);
  const late = new Set<number>();
  for (const child of [...order].reverse()) {
    const turns = child.differences.some(({ kind }) => kind === "changed");
    const deletesLate =
      late.has(child.oid) &&
      child.differences.some((difference) => difference.kind === "deleted" || isMove(difference));
    if (turns || deletesLate) for (const { oid } of child.references) late.add(oid);
  }
  const works = order.map((table) => workOf(table, late.has(table.oid)));
  const upwards = [...works].reverse();
  return {
    steps: [
      ...upwards.filter((work) => !work.late).map(deletesOf),
      ...works.flatMap((work) =>
        work.selfish
          ? [insertsOf(work), updatesOf(work), replacesOf(work)]
          : [updatesOf(work), replacesOf(work), insertsOf(work)],
      ),
      ...upwards.filter((work) => work.late).map(deletesOf),
    ].filter(({ rows }) => rows.length > 0),
    circle,
    parted: works.filter(({ parted }) => parted).map(({ table }) => table),
  };
}

const deletesOf = ({ table, deletes }: Work): PatchStep => ({ do: "delete", table, rows: deletes });
const updatesOf = ({ table, updates }: Work): PatchStep => ({ do: "update", table, rows: updates });
const replacesOf = ({ table, replaces }: Work): PatchStep => ({ do: "replace", table, rows: replaces });
const insertsOf = ({ table, inserts }: Work): PatchStep => ({ do: "insert", table, rows: inserts });

function workOf(table: PatchTable, late: boolean): Work {
  const fixed = table.columns.some(({ name, always }) => always && table.key.includes(name));
  const whole = table.columns.every(({ known, generated }) => known || generated);
  const moved = table.differences.filter(isMove);
  // A row that is written anew under its key loses what is not known of it: then a foreign key had better complain.
  const ordered = fixed || (late && whole) ? undefined : inFreeOrder(moved);
  const differences = ordered === undefined ? byKey(table.differences) : table.differences;
  const stay = differences
    .filter((difference) => difference.kind === "changed")
    .filter((difference) => !isMove(difference));
  const replaces = stay.filter((difference) => mustBeReplaced(table, difference));
  return {
    table,
    inserts: differences.filter((difference) => difference.kind === "inserted"),
    updates: [...(ordered ?? []), ...stay.filter((difference) => !replaces.includes(difference))],
    replaces,
    deletes: differences.filter((difference) => difference.kind === "deleted"),
    late,
    selfish: table.references.some(({ oid }) => oid === table.oid),
    parted: ordered === undefined && moved.length > 0 && !whole,
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

function isMove(difference: RowDifference): difference is Changed & { readonly oldKey: string } {
  return difference.kind === "changed" && difference.oldKey !== undefined;
}

/** Each after the one that leaves the key it goes to; undefined where they go in a circle. */
function inFreeOrder(
  moves: readonly (Changed & { readonly oldKey: string })[],
): readonly Changed[] | undefined {
  const leaving = new Map(moves.map((move) => [move.oldKey, move]));
  const done = new Set<RowDifference>();
  const order: Changed[] = [];
  for (const move of moves) {
    const path: Changed[] = [];
    for (let next: Changed | undefined = move; next && !done.has(next); next = leaving.get(next.key ?? "")) {
      if (path.includes(next)) return undefined;
      path.push(next);
    }
    for (const freed of path.reverse()) {
      done.add(freed);
      order.push(freed);
    }
  }
  return order;
}

/** The same differences told by key: what was under each of them, and what is. */
function byKey(differences: readonly RowDifference[]): RowDifference[] {
  const before = new Map<string | null, Image>();
  const after = new Map<string | null, Image>();
  for (const difference of differences) {
    const { kind, key } = difference;
    if (kind !== "inserted")
      before.set((kind === "changed" ? difference.oldKey : undefined) ?? key, difference.old);
    if (kind !== "deleted") after.set(key, difference.new);
  }
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): RowDifference[] => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old && now) return [{ kind: "changed", key, old, new: now }];
    if (now) return [{ kind: "inserted", key, new: now }];
    return old ? [{ kind: "deleted", key, old }] : [];
  });
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
