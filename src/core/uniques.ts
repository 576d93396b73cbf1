import type { Image } from "../types.ts";
import { columnValue, isKept, sameValue } from "./image.ts";
import type { PatchColumn } from "./patch.ts";
import { type Condition, holds, readCondition } from "./uniqueCondition.ts";

/** What keeps rows of a table apart at once: a unique index or an exclusion constraint. */
export interface Unique {
  /** Rows collide only where they have the same in all of these. */
  readonly equal: readonly string[];
  /** Further columns that decide whether rows collide, in ways that values do not tell. */
  readonly opaque: readonly string[];
  /** Rows for which one of these is not so do not collide with any. */
  readonly conditions: readonly Condition[];
  /** Columns of which each keeps a row from colliding while it is NULL. */
  readonly freeing: readonly string[];
  /** Columns of which each hardly lets a row collide while it has a random value. */
  readonly scattering: readonly string[];
  /** Columns that a check looks at, so that a random value may be refused. */
  readonly bound: readonly string[];
}

/** What the server's catalog has of such an index. */
export interface UniqueFacts {
  readonly keys: readonly UniqueKey[];
  /** Columns that expressions among its keys use; a null for all of the row. */
  readonly expressed: readonly (string | null)[];
  /** Whether each expression is NULL where one of its columns is. */
  readonly strict: boolean;
  /** Whether expressions are compared by equality alone. */
  readonly expressedEquals: boolean;
  readonly nullsDistinct: boolean;
  /** The condition of a partial index, as the server writes it, and the columns that it uses. */
  readonly condition: string | null;
  readonly conditional: readonly (string | null)[];
  /** Columns that checks look at, and those of foreign keys that are checked at once. */
  readonly checked: readonly string[];
  readonly referring: readonly string[];
}

/** A column that an index compares as it is. */
export interface UniqueKey {
  readonly column: string;
  readonly equals: boolean;
  /** Whether values are equal only where their texts are. */
  readonly told: boolean;
  /** Whether ranges are kept from overlapping: an empty one never does. */
  readonly overlaps: boolean;
  readonly ranges: boolean;
}

/** What is known of an index, as far as it helps to tell which rows may collide and how a row is kept out of the way. */
export function uniqueOf(facts: UniqueFacts, columns: readonly PatchColumn[]): Unique {
  const { keys, condition } = facts;
  const all = columns.map(({ name }) => name);
  const named = (names: readonly (string | null)[]) => (names.includes(null) ? all : names.filter(isName));
  const expressed = named(facts.expressed);
  // A row is not NULL where one of its columns is.
  const isStrict = facts.strict && !facts.expressed.includes(null);
  const conditions = condition === null ? [] : readCondition(condition, columns);
  const equal = keys.filter(({ equals, told }) => equals && told).map(({ column }) => column);
  const opaque = [
    ...keys.map(({ column }) => column).filter((column) => !equal.includes(column)),
    ...expressed,
    ...(conditions === undefined ? named(facts.conditional) : []),
  ];
  return {
    equal,
    opaque: [...new Set(opaque)],
    conditions: conditions ?? [],
    freeing: facts.nullsDistinct
      ? [...new Set([...keys.map(({ column }) => column), ...(isStrict ? expressed : [])])]
      : [],
    scattering: [
      ...keys.filter(({ equals, overlaps, ranges }) => (ranges ? overlaps : equals)).map((key) => key.column),
      ...(facts.expressedEquals ? expressed : []),
    ].filter((column) => !facts.referring.includes(column)),
    bound: facts.checked,
  };
}

function isName(name: string | null): name is string {
  return name !== null;
}

/** Whether what rows have in the same group is all that keeps them apart, so that one at a time can be there. */
export function isExact({ opaque }: Unique): boolean {
  return opaque.length === 0;
}

/** All columns that it depends on. */
export function columnsOf({ equal, opaque, conditions }: Unique): string[] {
  return [...new Set([...equal, ...opaque, ...conditions.map(({ column }) => column)])];
}

/** Whether rows differ in what it depends on. */
export function isTouched(unique: Unique, old: Image, after: Image): boolean {
  return columnsOf(unique).some((name) => !sameValue(columnValue(old, name), columnValue(after, name)));
}

/** The group in which a row may collide with others; undefined where it does not, or nothing is known of it. */
export function groupOf(unique: Unique, image: Image): string | undefined {
  const { equal, conditions, freeing } = unique;
  if (freeing.some((name) => columnValue(image, name) === null)) return undefined;
  if (conditions.some((condition) => holds(condition, image) === false)) return undefined;
  const values = equal.map((name) => columnValue(image, name));
  return values.every(isKept) ? JSON.stringify(values) : undefined;
}

/** Whether a row is out of the way while nothing, or a random value, stands in one of its columns. */
export function isAside(
  unique: Unique,
  image: Image,
  { column, filler }: { readonly column: string; readonly filler: "null" | "random" },
): boolean {
  if (filler === "random") return unique.scattering.includes(column);
  const emptied = { ...image, [column]: null };
  return (
    unique.freeing.includes(column) ||
    unique.conditions.some((condition) => condition.column === column && holds(condition, emptied) === false)
  );
}
