import { escapeControls } from "./safe.ts";

const MOST = 3;

/**
 * The candidates the word may have been meant for, nearest first, three at most. One slip (a letter too many,
 * too few, another, or two swapped) is forgiven per three letters; a difference in case costs nothing.
 */
export function suggest(word: string, candidates: readonly string[]): string[] {
  const typed = [...word.toLowerCase()];
  return candidates
    .map((candidate) => ({ candidate, slips: slipsBetween(typed, [...candidate.toLowerCase()]) }))
    .filter(
      ({ candidate, slips }) =>
        slips < Math.max(typed.length, 1) &&
        slips <= Math.max(1, Math.floor(Math.max(typed.length, candidate.length) / 3)),
    )
    .sort((left, right) => left.slips - right.slips)
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** `Did you mean "a" or "b"?`, or an empty string when nothing comes near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const quoted = suggest(word, candidates).map((candidate) => `"${escapeControls(candidate)}"`);
  const last = quoted.pop();
  if (last === undefined) return "";
  return quoted.length === 0 ? `Did you mean ${last}?` : `Did you mean ${quoted.join(", ")} or ${last}?`;
}

/** Damerau's distance in its optimal string alignment form: no letter is edited twice. */
function slipsBetween(left: readonly string[], right: readonly string[]): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, letter] of left.entries()) {
    const current = [row + 1];
    for (const [column, other] of right.entries()) {
      const swapped =
        row > 0 && column > 0 && letter === right[column - 1] && left[row - 1] === other
          ? at(beforePrevious, column - 1) + 1
          : Number.POSITIVE_INFINITY;
      const replaced = at(previous, column) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column + 1) + 1, at(current, column) + 1, swapped));
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
