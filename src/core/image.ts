import type { Image } from "../types.ts";

/**
 * The same values in the order of `columns`; those it does not name come last. jsonb keeps none: it sorts names
 * by their length.
 */
export function arrangeImage(image: Image, columns: readonly string[]): Image {
  const places = new Map(columns.map((column, place) => [column, place]));
  const placeOf = (column: string) => places.get(column) ?? columns.length;
  const entries = Object.entries(image).sort(([one], [other]) => placeOf(one) - placeOf(other));
  // Not by assignment: a column may be called __proto__.
  return Object.fromEntries(entries);
}
