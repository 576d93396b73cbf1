import type { Image, RowDifference, Value, Withheld } from "../types.ts";

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

/** A difference whose values stand in the order of `columns`. */
export function arrangeDifference(difference: RowDifference, columns: readonly string[]): RowDifference {
  switch (difference.kind) {
    case "inserted":
      return { ...difference, new: arrangeImage(difference.new, columns) };
    case "deleted":
      return { ...difference, old: arrangeImage(difference.old, columns) };
    case "changed":
      return {
        ...difference,
        old: arrangeImage(difference.old, columns),
        new: arrangeImage(difference.new, columns),
      };
  }
}

/**
 * Whether two values, or what stands for them, are the same as far as the log can tell. A redacted value stands in a
 * change only where it changed, so two marks are never the same.
 */
export function sameValue(one: Value | Withheld | undefined, other: Value | Withheld | undefined): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  return "digest" in one && "digest" in other && one.digest === other.digest && one.bytes === other.bytes;
}

/** The value of a column, undefined where the image does not hold it. */
export function columnValue<T>(image: Readonly<Record<string, T>> | null, column: string): T | undefined {
  return image !== null && Object.hasOwn(image, column) ? image[column] : undefined;
}

/** Whether a value is there as it was: neither withheld nor unknown. */
export function isKept(value: Value | Withheld | undefined): value is Value {
  return value === null || typeof value === "string";
}
