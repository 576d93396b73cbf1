import type { Edit } from "./edits.ts";
import { type Token, tokenize } from "./sqlTokens.ts";

const endsGroup = new Set("having window order limit offset fetch for union intersect except".split(" "));

const setOperations = new Set(["union", "intersect", "except"]);

/** Grouping that would come out differently with one more column. */
const otherGrouping = new Set(["rollup", "cube", "grouping", "distinct", "all"]);

/**
 * The column that the server misses behind GROUP BY, put there: where the text groups by a key, other columns of
 * its table change nothing, but only the server that knows the key can tell. `position` is where the column is
 * written, `name` what the server calls it. Undefined where the text has no plain GROUP BY around that place.
 */
export function groupAlso(text: string, position: number, name: string): Edit | undefined {
  const tokens = tokenize(text);
  const place = tokens.findIndex(({ at }) => at === position);
  const written = columnAt(tokens, place) ?? name;
  if (place < 0) return undefined;
  let inner: Stretch = { from: place, to: place + 1 };
  while (inner.from >= 0) {
    const before = reach(tokens, inner.from - 1, -1);
    const behind = reach(tokens, inner.to, 1);
    const end = groupEnd(tokens, { from: before.query + 1, to: behind.query });
    if (end === "other") return undefined;
    const last = end === "none" ? undefined : tokens[end];
    if (last) return { at: last.end, end: last.end, text: `, ${written}` };
    inner = { from: before.parenthesis, to: behind.parenthesis + 1 };
  }
  return undefined;
}

/** Indexes of a first token and of the one behind the last. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The column as it is written there, without its schema; undefined for a star. */
function columnAt(tokens: readonly Token[], place: number): string | undefined {
  const names: Token[] = [];
  for (let index = place; ; index += 2) {
    const token = tokens[index];
    if (token?.kind !== "word" && token?.kind !== "quoted") return undefined;
    names.push(token);
    if (tokens[index + 1]?.text !== ".") break;
  }
  return names
    .slice(-2)
    .map(({ text }) => `"${text.replaceAll('"', '""')}"`)
    .join(".");
}

/** From a token in one direction: where the query ends (at a UNION or its like, or a parenthesis), and where what holds it does. */
function reach(
  tokens: readonly Token[],
  start: number,
  step: 1 | -1,
): { query: number; parenthesis: number } {
  const [into, outOf] = step === 1 ? ["(", ")"] : [")", "("];
  let query: number | undefined;
  let depth = 0;
  let index = start;
  for (; index >= 0 && index < tokens.length; index += step) {
    const { kind, text } = tokens[index] as Token;
    if (kind === "symbol" && text === into) depth++;
    else if (kind === "symbol" && text === outOf && depth-- === 0) break;
    else if (kind === "word" && depth === 0 && setOperations.has(text)) query ??= index;
  }
  return { query: query ?? index, parenthesis: index };
}

/** The index of the last token behind the block's own GROUP BY; or that it has none, or one of another kind. */
function groupEnd(tokens: readonly Token[], { from, to }: Stretch): number | "none" | "other" {
  let depth = 0;
  let started: number | undefined;
  for (let index = from; index < to; index++) {
    const { kind, text } = tokens[index] as Token;
    if (kind === "symbol" && text === "(") depth++;
    if (kind === "symbol" && text === ")") depth--;
    if (depth > 0 || kind !== "word") continue;
    if (started === undefined) {
      if (text === "group" && tokens[index + 1]?.text === "by") started = index + 2;
    } else if (endsGroup.has(text)) return index - 1;
    else if (otherGrouping.has(text)) return "other";
  }
  return started === undefined ? "none" : to - 1;
}
