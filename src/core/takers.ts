import type { Image } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import { type Changed, isMove, keyBefore } from "./moves.ts";
import type { Deleted, Inserted, PatchColumn, PatchTable } from "./patch.ts";
import { columnsOf, groupOf, isAside, isExact, isTouched, type Unique } from "./uniques.ts";

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

type Difference = Inserted | Changed | Deleted;

type Holder = Changed | Deleted;

/** Rows of which those that hold something, and those that are to have something, may be in each other's way. */
interface Group {
  readonly unique: Unique;
  readonly holders: readonly Holder[];
  readonly takers: readonly (Inserted | Changed)[];
}

interface Ordered extends Omit<TableWork, "late" | "selfish"> {
  readonly parks: readonly Parked[];
}

/**
 * Orders updates so that each value which must be unique is free when a row takes it. Where that cannot be (values
 * are exchanged, or a row goes only later), or values do not tell which of them collide, the row that is in the way is
 * parked first. Where it cannot be parked, all that are concerned are replaced in one statement, as far as they can be.
 */
export function orderTakers(table: PatchTable, work: TableWork): Ordered {
  const { late, selfish, ...rows } = work;
  const groups = table.uniques.flatMap((unique) => groupsOf(unique, work));
  const updates = orderUpdates(work.updates, groups);
  const places = placesOf({ ...work, updates });
  const parks = new Map<string, Parked>();
  const parked = new Map<Holder, Parked[]>();
  for (const { group, holder } of groups.flatMap((group) => lateHolders(group, places))) {
    const others = parked.get(holder) ?? [];
    if (others.some((other) => isAside(group.unique, holder.old, other))) continue;
    const found = park(table, group.unique, holder, "sure");
    const replaced = found ? undefined : replaceable(table, work, group);
    if (replaced)
      return orderTakers(table, {
        ...work,
        updates: work.updates.filter((row) => !replaced.includes(row)),
        replaces: [...work.replaces, ...replaced],
      });
    const taken = found ?? park(table, group.unique, holder, "likely");
    if (taken === undefined) continue;
    parked.set(holder, [...others, taken]);
    parks.set(JSON.stringify([taken.key, taken.column]), taken);
  }
  return {
    ...{ ...rows, parks: [...parks.values()] },
    updates: updates.map((row) => withoutParked(row, parked.get(row) ?? [])),
  };
}

function groupsOf(unique: Unique, work: TableWork): Group[] {
  const groups = new Map<string, { unique: Unique; holders: Holder[]; takers: (Inserted | Changed)[] }>();
  const groupAt = (image: Image) => {
    const name = groupOf(unique, image);
    if (name === undefined) return undefined;
    const group = groups.get(name) ?? { unique, holders: [], takers: [] };
    groups.set(name, group);
    return group;
  };
  const changed = [...work.updates, ...work.replaces].filter((row) => isTouched(unique, row.old, row.new));
  for (const row of [...work.deletes, ...changed]) groupAt(row.old)?.holders.push(row);
  for (const row of [...work.inserts, ...changed]) groupAt(row.new)?.takers.push(row);
  return [...groups.values()].filter(({ holders, takers }) => holders.length > 0 && takers.length > 0);
}

/** When each row's turn comes; rows that are written in one statement have the same. */
function placesOf({
  inserts,
  updates,
  replaces,
  deletes,
  late,
  selfish,
}: TableWork): Map<Difference, number> {
  const changes = [...updates.map((row) => [row]), replaces];
  const middle = selfish ? [inserts, ...changes] : [...changes, inserts];
  const parts: (readonly Difference[])[] = late ? [...middle, deletes] : [deletes, ...middle];
  return new Map(parts.flatMap((rows, place) => rows.map((row) => [row, place] as const)));
}

/** Those that still are there when the first of the others comes. */
function lateHolders(group: Group, places: ReadonlyMap<Difference, number>) {
  const placeOf = (row: Difference) => places.get(row) ?? 0;
  const first = group.takers.reduce((least, row) => Math.min(least, placeOf(row)), Number.POSITIVE_INFINITY);
  return group.holders.filter((row) => placeOf(row) > first).map((holder) => ({ group, holder }));
}

/** Each after the one whose value it takes; where values do not tell, rows that only make room first, and takers last. */
function orderUpdates(updates: readonly Changed[], groups: readonly Group[]): readonly Changed[] {
  const own = new Set<Difference>(updates);
  const isOwn = (row: Difference): row is Changed => own.has(row);
  const takings = groups
    .filter(({ unique }) => isExact(unique))
    .flatMap(({ holders, takers }) =>
      takers.filter(isOwn).flatMap((taker) =>
        holders
          .filter(isOwn)
          .filter((holder) => holder !== taker)
          .map((holder) => ({ taker, holder })),
      ),
    );
  const vague = groups.filter(({ unique }) => !isExact(unique));
  if (takings.length === 0 && vague.length === 0) return updates;
  const holding = new Set<Difference>(vague.flatMap(({ holders }) => holders));
  const taking = new Set<Difference>(vague.flatMap(({ takers }) => takers));
  const rankOf = (row: Changed) => Number(taking.has(row)) - Number(holding.has(row));
  const ranked = updates.toSorted((one, other) => rankOf(one) - rankOf(other));
  return sortUpdates(ranked, takings) ?? sortUpdates(ranked, []) ?? updates;
}

/** Each after the one whose value it takes, and after the one that leaves the key it goes to; undefined for a circle. */
function sortUpdates(
  updates: readonly Changed[],
  takings: readonly { readonly taker: Changed; readonly holder: Changed }[],
): Changed[] | undefined {
  const before = new Map<Difference, Changed[]>();
  const add = (row: Difference, first: Changed) => before.set(row, [...(before.get(row) ?? []), first]);
  for (const { taker, holder } of takings) add(taker, holder);
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

/** A change that also writes what it leaves as it was, where that is parked. */
function withoutParked(row: Changed, parks: readonly Parked[]): Changed {
  if (parks.length === 0) return row;
  const old = Object.entries(row.old).filter(([name]) => !parks.some(({ column }) => column === name));
  return { ...row, old: Object.fromEntries(old) };
}

/**
 * A column that can be emptied, or filled otherwise, until its row's turn comes, best one that is written then in any case;
 * in which it is in nobody's way, whatever else keeps rows apart. Surely, only where no check may have something against it.
 */
function park(
  table: PatchTable,
  unique: Unique,
  holder: Holder,
  chance: "sure" | "likely",
): Parked | undefined {
  const names = columnsOf(unique);
  const free = table.columns.filter(
    ({ name, generated, always }) =>
      names.includes(name) &&
      !generated &&
      !always &&
      !table.key.includes(name) &&
      (holder.kind === "deleted" || isKept(columnValue(holder.new, name))),
  );
  const isWritten = ({ name }: PatchColumn) =>
    holder.kind === "changed" && !sameValue(columnValue(holder.old, name), columnValue(holder.new, name));
  const ranked = [...free.filter(isWritten), ...free.filter((column) => !isWritten(column))];
  const isOut = (column: string, filler: Parked["filler"]) =>
    [unique, ...table.uniques.filter((other) => columnsOf(other).includes(column))].every((one) =>
      isAside(one, holder.old, { column, filler }),
    );
  const key = keyBefore(holder);
  const empty = ranked.find(({ name, nullable }) => nullable && isOut(name, "null"));
  if (empty) return { key, column: empty.name, filler: "null" };
  const filled = ranked.find(
    ({ name, type }) =>
      randomValue(type) !== undefined &&
      isOut(name, "random") &&
      (chance === "likely" || !unique.bound.includes(name)),
  );
  return filled && { key, column: filled.name, filler: "random" };
}

/** The updates of a group, where they would not be in each other's way if they were replaced. */
function replaceable(table: PatchTable, work: TableWork, { holders, takers }: Group): Changed[] | undefined {
  const first = work.selfish && takers.some(({ kind }) => kind === "inserted");
  const last = work.late && holders.some(({ kind }) => kind === "deleted");
  if (!table.replaceable || first || last) return undefined;
  const concerned = new Set<Difference>([...holders, ...takers]);
  const rows = work.updates.filter((row) => concerned.has(row));
  return rows.length > 0 && rows.every((row) => !isMove(row) && isWhole(table, row.new)) ? rows : undefined;
}

/** Whether all of a row is known. */
function isWhole({ columns }: PatchTable, image: Image): boolean {
  return columns.every(({ name, generated }) => generated || isKept(columnValue(image, name)));
}

/** SQL for a value of a type that hardly any row has, of ranges an empty one; undefined for types we know none of. */
export function randomValue(type: string): string | undefined {
  if (type === "text" || /^character( varying)?(\(\d+\))?$/.test(type))
    return `pg_catalog.gen_random_uuid()::text::${type}`;
  if (type === "uuid") return "pg_catalog.gen_random_uuid()";
  if (/^(int4|int8|num|ts|tstz|date)range$/.test(type)) return `'empty'::${type}`;
  if (/^(int4|int8|num|ts|tstz|date)multirange$/.test(type)) return `'{}'::${type}`;
  const greatest = { smallint: 32767, integer: 2147483647, bigint: 9e15, numeric: 9e15 }[type];
  if (greatest === undefined) return undefined;
  return `(-1 - pg_catalog.floor(pg_catalog.random() * ${greatest - 1}))::${type}`;
}
