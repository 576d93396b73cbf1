import { displayWidth, safeText } from "../core/safe.ts";
import type { Value, Withheld } from "../types.ts";
import { bytesText } from "./duration.ts";

export { columnValue, sameValue } from "../core/image.ts";

/** Text that could be mistaken for something else when it stands bare: empty, blank-edged, quoted, or the word null. */
const ambiguous = /^$|^[\s"]|[\s"]$|^null$/;

/**
 * A kept value for reading: escaped, quoted where it could be misread, truncated when a width is given. NULL is
 * the bare word `null`; what is not kept stands in brackets.
 */
export function valueText(value: Value | Withheld, width?: number): string {
  if (value === null) return "null";
  if (typeof value === "object") return withheldText(value);
  if (!ambiguous.test(value)) return safeText(value, width);
  return `"${safeText(value, width === undefined ? undefined : Math.max(1, width - 2))}"`;
}

/** What is said in place of a value that is not kept. */
function withheldText(withheld: Withheld): string {
  return "redacted" in withheld ? "[redacted]" : `[${bytesText(withheld.bytes)}, ${withheld.digest}]`;
}

/** Characters kept before the first difference when a long common beginning is left out. */
const context = 6;

/**
 * Two values of one column, each in its own width (none: in full). When they begin alike for so long that
 * truncating would hide the difference, the common beginning is left out instead.
 */
export function changedTexts(
  before: Value | Withheld,
  after: Value | Withheld,
  widths?: { readonly before: number; readonly after: number },
): { readonly before: string; readonly after: string } {
  if (!widths) return { before: valueText(before), after: valueText(after) };
  const start = differenceAt(before, after);
  const truncated = widthOver(before, widths.before) || widthOver(after, widths.after);
  if (!truncated || start <= context || start + context < Math.min(widths.before, widths.after)) {
    return { before: valueText(before, widths.before), after: valueText(after, widths.after) };
  }
  const cut = (value: Value | Withheld, width: number) =>
    `…${safeText(String(value).slice(start - context), Math.max(1, width - 1))}`;
  return { before: cut(before, widths.before), after: cut(after, widths.after) };
}

function widthOver(value: Value | Withheld, width: number): boolean {
  return typeof value === "string" && displayWidth(safeText(value, width + 1)) > width;
}

/** Where two texts part; 0 for anything but two texts. */
function differenceAt(before: Value | Withheld, after: Value | Withheld): number {
  if (typeof before !== "string" || typeof after !== "string") return 0;
  const length = Math.min(before.length, after.length);
  let index = 0;
  while (index < length && before.charCodeAt(index) === after.charCodeAt(index)) index++;
  return index;
}
