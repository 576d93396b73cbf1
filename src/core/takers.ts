import type { Image } from "../types.ts";
import { columnValue, sameValue } from "./image.ts";
import type { Changed } from "./moves.ts";
import type { Deleted, Inserted, PatchTable } from "./patch.ts";

/** A row from which a value is taken for a while. The row is written or deleted later, under this key. */
export interface Parked {
  readonly key: string | null;
  readonly column: string;
  /** What stands in the column meanwhile: nothing, or any value of its type. */
  readonly filler: "null" | "random";
}

/** What is to be done to one table's rows, and in which order its parts come. */
export interface TableWork {
  readonly inserts: readonly Inserted[];
  readonly updates: readonly Changed[];
  readonly replaces: readonly Changed[];
  readonly deletes: readonly Deleted[];
  /** Whether deletes come last. */
  readonly late: boolean;
  /** Whether inserts come first. */
  readonly selfish: boolean;
}

type Part = "deletes" | "inserts" | "updates" | "replaces";
type Difference = Inserted | Changed | Deleted;

/** A row that is to have a value another row has at present. */
interface Taking {
  readonly taker: Difference;
  readonly holder: Changed | Deleted;
  readonly columns: readonly string[];
  /** Whether the holder is done with before the taker, after it, or in the same part. */
  readonly place: "before" | "after" | "beside";
}

/**
 * Orders updates so that each value which must be unique is free when a row takes it. Where that cannot be (values
 * are exchanged, or a row goes only later), the row that has the value is parked first.
 */
export function orderTakers(
  table: PatchTable,
  work: TableWork,
): Omit<TableWork, "late" | "selfish"> & { readonly parks: readonly Parked[] } {
  const { late, selfish, ...rows } = work;
  const takings = table.uniques.flatMap((columns) => takingsOf(columns, work));
  const beside = takings.filter(({ place }) => place === "beside");
  const sorted = beside.length === 0 ? work.updates : sortUpdates(work.updates, beside);
  const updates = sorted ?? work.updates;
  const places = new Map<Difference, number>(updates.map((row, place) => [row, place]));
  const isLate = ({ place, taker, holder }: Taking) =>
    place === "after" || (place === "beside" && (places.get(holder) ?? 0) > (places.get(taker) ?? 0));
  const parks = new Map<string, Parked>();
  for (const taking of takings.filter(isLate)) {
    const parked = park(table, taking);
    if (parked) parks.set(JSON.stringify([parked.key, parked.column]), parked);
  }
  return { ...rows, updates, parks: [...parks.values()] };
}

function takingsOf(columns: readonly string[], work: TableWork): Taking[] {
  const order: Part[] = work.selfish
    ? ["inserts", "updates", "replaces"]
    : ["updates", "replaces", "inserts"];
  if (work.late) order.push("deletes");
  else order.unshift("deletes");
  const holders = new Map<string, { row: Changed | Deleted; part: Part }>();
  for (const part of ["deletes", "updates", "replaces"] as const)
    for (const row of work[part]) {
      const value = heldValue(row.old, columns);
      if (value !== undefined) holders.set(value, { row, part });
    }
  return (["inserts", "updates", "replaces"] as const).flatMap((part) =>
    work[part].flatMap((taker): Taking[] => {
      const value = heldValue(taker.new, columns);
      const holder = value === undefined ? undefined : holders.get(value);
      if (holder === undefined || holder.row === taker) return [];
      // Rows that are replaced go and come in one statement.
      if (holder.part === part && part === "replaces") return [];
      const distance = order.indexOf(holder.part) - order.indexOf(part);
      const place = distance < 0 ? "before" : distance > 0 ? "after" : "beside";
      return [{ taker, holder: holder.row, columns, place }];
    }),
  );
}

/** The values as one text; undefined where one of them is NULL or not known. */
function heldValue(image: Image, columns: readonly string[]): string | undefined {
  const values = columns.map((column) => columnValue(image, column));
  return values.every((value) => typeof value === "string") ? JSON.stringify(values) : undefined;
}

/** Each after the one whose value it takes, and after the one that leaves the key it goes to; undefined for a circle. */
function sortUpdates(updates: readonly Changed[], takings: readonly Taking[]): Changed[] | undefined {
  const before = new Map<Difference, Changed[]>();
  const add = (row: Difference, first: Changed) => before.set(row, [...(before.get(row) ?? []), first]);
  for (const { taker, holder } of takings) if (holder.kind === "changed") add(taker, holder);
  const leaving = new Map(updates.flatMap((row) => (row.oldKey === undefined ? [] : [[row.oldKey, row]])));
  for (const row of updates) {
    const left = row.oldKey === undefined ? undefined : leaving.get(row.key ?? "");
    if (left) add(row, left);
  }
  const order: Changed[] = [];
  const state = new Map<Changed, "open" | "done">();
  // Not by recursion: a chain may be as long as the table.
  for (const start of updates) {
    const stack = [start];
    for (let row = stack.at(-1); row !== undefined; row = stack.at(-1)) {
      const waits: Changed[] =
        state.get(row) === "done"
          ? []
          : (before.get(row) ?? []).filter((first) => state.get(first) !== "done");
      if (waits.some((first) => state.get(first) === "open")) return undefined;
      if (waits.length > 0) {
        state.set(row, "open");
        stack.push(...waits);
        continue;
      }
      stack.pop();
      if (state.get(row) === "done") continue;
      state.set(row, "done");
      order.push(row);
    }
  }
  return order;
}

/** A column that can be emptied, or filled otherwise, and is written again when its row's turn comes. */
function park(table: PatchTable, { holder, columns }: Taking): Parked | undefined {
  const free = table.columns.filter(
    ({ name, generated, always }) =>
      columns.includes(name) &&
      !generated &&
      !always &&
      !table.key.includes(name) &&
      (holder.kind === "deleted" || !sameValue(columnValue(holder.old, name), columnValue(holder.new, name))),
  );
  const key = (holder.kind === "changed" ? holder.oldKey : undefined) ?? holder.key;
  const empty = free.find(({ nullable }) => nullable);
  if (empty) return { key, column: empty.name, filler: "null" };
  const filled = free.find(({ type }) => randomValue(type) !== undefined);
  return filled && { key, column: filled.name, filler: "random" };
}

/** SQL for a value of a type that hardly any row has; undefined for types we know none of. */
export function randomValue(type: string): string | undefined {
  if (type === "text" || /^character( varying)?(\(\d+\))?$/.test(type))
    return `pg_catalog.gen_random_uuid()::text::${type}`;
  if (type === "uuid") return "pg_catalog.gen_random_uuid()";
  const greatest = { smallint: 32767, integer: 2147483647, bigint: 9e15, numeric: 9e15 }[type];
  if (greatest === undefined) return undefined;
  return `(-1 - pg_catalog.floor(pg_catalog.random() * ${greatest - 1}))::${type}`;
}
