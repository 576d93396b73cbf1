import { displayWidth, safeText, truncateTo } from "../core/safe.ts";
import type { Image, RowDifference } from "../types.ts";
import type { Look } from "./columns.ts";
import { countText } from "./duration.ts";
import { changedTexts, columnValue, sameValue, valueText } from "./value.ts";

const gap = "  ";

/** Beyond this width values of `<` and `>` no longer line up. */
const alignedUpTo = 40;

/** What a value gets however many columns share the line. */
const shortestValue = 20;

/**
 * One differing row: `+` with its values when inserted, `-` when deleted, and when changed `<` and `>` with the
 * old and new values of the changed columns, the rest only counted. The key comes first on every line.
 */
export function differenceText(difference: RowDifference, look: Look): string {
  const { style } = look;
  if (difference.kind === "inserted")
    return `${style.green(rowText("+", difference.key, difference.new, look))}\n`;
  if (difference.kind === "deleted")
    return `${style.red(rowText("-", difference.key, difference.old, look))}\n`;
  return changedText(difference, look);
}

function rowText(mark: string, key: string, image: Image, { width }: Look): string {
  const values = Object.entries(image).map(
    ([column, value]) => `${safeText(column)}=${valueText(value, width)}`,
  );
  const line = [`${mark} ${valueText(key)}`, ...values].join(gap);
  return width === undefined ? line : truncateTo(line, width);
}

function changedText(
  { key, old, new: after }: RowDifference & { kind: "changed" },
  { style, width }: Look,
): string {
  const columns = [...new Set([...Object.keys(old), ...Object.keys(after)])];
  const changed = columns.filter(
    (column) => !sameValue(columnValue(old, column), columnValue(after, column)),
  );
  const keyText = valueText(key);
  const before = [`< ${keyText}`];
  const now = [`> ${keyText}`];
  const room = width === undefined ? undefined : width - displayWidth(keyText) - 2;
  for (const column of changed) {
    const name = safeText(column);
    const limit =
      room === undefined
        ? undefined
        : Math.max(shortestValue, Math.floor(room / changed.length) - displayWidth(name) - 1 - gap.length);
    const texts = changedTexts(
      columnValue(old, column) ?? null,
      columnValue(after, column) ?? null,
      limit === undefined ? undefined : { before: limit, after: limit },
    );
    const widest = Math.max(displayWidth(texts.before, alignedUpTo), displayWidth(texts.after, alignedUpTo));
    const padded = column === changed.at(-1) || widest > alignedUpTo ? 0 : widest;
    before.push(`${name}=${pad(texts.before, padded)}`);
    now.push(`${name}=${pad(texts.after, padded)}`);
  }
  const folded = columns.length - changed.length;
  const rest = folded === 0 ? "" : gap + style.dim(`(${folded} unchanged)`);
  return `${style.red(before.join(gap))}\n${style.green(now.join(gap))}${rest}\n`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text, width)));
}

/** How many rows differ, by kind. */
export type DifferenceCounts = Readonly<Record<RowDifference["kind"], number>>;

/** Before the first row. */
export const noDifferences: DifferenceCounts = { inserted: 0, deleted: 0, changed: 0 };

/** The counts with one row more: a stream of differences is a loop of this and differenceText. */
export function countDifference(counts: DifferenceCounts, { kind }: RowDifference): DifferenceCounts {
  return { ...counts, [kind]: counts[kind] + 1 };
}

/** The last line: `3 inserted, 1 deleted, 2 changed`, or `no differences`. */
export function differenceSummary(counts: DifferenceCounts): string {
  const { inserted, deleted, changed } = counts;
  if (inserted + deleted + changed === 0) return "no differences\n";
  return `${countText(inserted)} inserted, ${countText(deleted)} deleted, ${countText(changed)} changed\n`;
}

/** A differing row as JSON answers show it; the side that does not exist is null. */
export function differenceJson(difference: RowDifference) {
  return {
    kind: difference.kind,
    key: difference.key,
    old: difference.kind === "inserted" ? null : difference.old,
    new: difference.kind === "deleted" ? null : difference.new,
  };
}
