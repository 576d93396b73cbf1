import type { Value } from "../types.ts";

/** A row of a query as JSON answers show it. An object without prototype: a column may be called __proto__. */
export function rowJson(names: readonly string[], row: readonly Value[]): Readonly<Record<string, Value>> {
  const item: Record<string, Value> = Object.create(null);
  names.forEach((name, index) => {
    item[name] = row[index] ?? null;
  });
  return item;
}
