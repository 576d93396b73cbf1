import type { Image } from "../types.ts";
import { columnValue, isKept } from "./image.ts";
import type { PatchColumn } from "./patch.ts";

/** What the condition of a partial index asks of one column: to be NULL or not, or a value or another one. */
export interface Condition {
  readonly column: string;
  readonly is: "null" | "not null" | "equal" | "other";
  /** As the log writes it. */
  readonly value: string | null;
}

const name = `([a-z_][a-z0-9_$]*|"(?:[^"]|"")+")`;
const literal = String.raw`(?:'((?:[^'\\]|'')*)'(?:::[a-z_][a-z0-9_. ]*)?|(-?\d+))`;
const forms = {
  is: new RegExp(`^${name} IS (NOT )?NULL$`),
  truth: new RegExp(`^(NOT )?${name}$`),
  boolean: new RegExp(`^${name} (=|<>) (true|false)$`),
  comparison: new RegExp(String.raw`^(?:${name}|\(${name}\)::text) (=|<>) ${literal}$`),
};

/** Of these types two values are equal exactly where their texts are. */
const told = /^(smallint|integer|bigint|text|character varying(\(\d+\))?|uuid|boolean)$/;

/**
 * The parts of a condition, all of which are to hold, from the text that the server makes of it; undefined where it says
 * more than is understood here.
 */
export function readCondition(
  text: string,
  columns: readonly PatchColumn[],
): readonly Condition[] | undefined {
  const read = conjuncts(text).map((part) => readPart(part, columns));
  return read.every((part) => part !== undefined) ? read : undefined;
}

/** What stands between the ANDs outside of parentheses, quotes aside. */
function conjuncts(text: string): string[] {
  const whole = bare(text);
  const parts: string[] = [""];
  let depth = 0;
  for (const [token] of whole.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]| AND |[^'"() ]+| /g)) {
    if (token === "(") depth++;
    if (token === ")") depth--;
    if (token === " AND " && depth === 0) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts.map(bare);
}

/** Without parentheses around all of it. */
function bare(text: string): string {
  let inner = text;
  while (isEnclosed(inner)) inner = inner.slice(1, -1);
  return inner;
}

function isEnclosed(text: string): boolean {
  if (!text.startsWith("(")) return false;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]/g)) {
    if (token === "(") depth++;
    if (token === ")" && --depth === 0) return index === text.length - 1;
  }
  return false;
}

function readPart(part: string, columns: readonly PatchColumn[]): Condition | undefined {
  const typeOf = (column: string) => columns.find((one) => one.name === column)?.type ?? "";
  const asked = forms.is.exec(part);
  if (asked?.[1]) return { column: unquoted(asked[1]), is: asked[2] ? "not null" : "null", value: null };
  const boolean = forms.boolean.exec(part);
  const truth = boolean ?? forms.truth.exec(part);
  if (truth) {
    const column = unquoted((boolean ? truth[1] : truth[2]) ?? "");
    const positive = boolean ? (truth[2] === "=") === (truth[3] === "true") : truth[1] === undefined;
    // NULL is neither, and = true or = false tells it apart.
    return typeOf(column) === "boolean"
      ? { column, is: "equal", value: positive ? "true" : "false" }
      : undefined;
  }
  const compared = forms.comparison.exec(part);
  if (compared === null) return undefined;
  const column = unquoted(compared[1] ?? compared[2] ?? "");
  const value = compared[4]?.replaceAll("''", "'") ?? compared[5] ?? "";
  return told.test(typeOf(column))
    ? { column, is: compared[3] === "=" ? "equal" : "other", value }
    : undefined;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** Whether it holds for a row; undefined where the value is not known. */
export function holds({ column, is, value }: Condition, image: Image): boolean | undefined {
  const found = columnValue(image, column);
  if (!isKept(found)) return undefined;
  if (is === "null") return found === null;
  if (is === "not null") return found !== null;
  return found !== null && (found === value) === (is === "equal");
}
