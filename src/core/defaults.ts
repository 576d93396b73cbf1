import { usageError } from "../errors.ts";
import { checkPatterns } from "./columns.ts";
import { escapeControls } from "./safe.ts";
import { checkViewPattern } from "./viewName.ts";

/** The settings of enable that can have a default for all tables, by their flags without the dashes. */
export const defaultNames = [
  "exclude",
  "redact",
  "images",
  "on-truncate",
  "oversize",
  "statement",
  "always",
  "retain",
  "view",
  "view-name",
] as const;

export type DefaultName = (typeof defaultNames)[number];

/** A list of patterns, a word, or whether. */
export type DefaultValue = readonly string[] | string | boolean;

/** The defaults that are set, by name. */
export type Defaults = { readonly [name in DefaultName]?: DefaultValue | undefined };

/** One default that is set or, with null, taken away. */
export interface DefaultChange {
  readonly name: DefaultName;
  readonly value: DefaultValue | null;
  /** What it was before; null where it was not set. */
  readonly former: DefaultValue | null;
}

/**
 * What is to be written so that the wishes hold, in the order of the names; an empty list takes a default away.
 * Exit 2 where nothing is wished, where a pattern cannot be one, and where the text of statements would be kept beside
 * columns that are not.
 */
export function planDefaults(former: Defaults, wishes: Defaults): DefaultChange[] {
  const changes = defaultNames.flatMap((name): DefaultChange[] => {
    const wish = wishes[name];
    if (wish === undefined) return [];
    if (Array.isArray(wish)) checkPatterns(wish, `--${name}`);
    if (name === "view-name") checkViewDefault(wish);
    const value = Array.isArray(wish) && wish.length === 0 ? null : wish;
    return [{ name, value, former: former[name] ?? null }];
  });
  if (changes.length === 0)
    throw usageError(
      "No default is given.",
      "Write audit defaults set with the options to be set, such as --exclude '*_token'.",
    );
  const after = { ...former, ...Object.fromEntries(changes.map(({ name, value }) => [name, value])) };
  if (after.statement === true && (after.exclude || after.redact)) {
    throw usageError(
      "The text of a statement may hold the very values that --exclude and --redact keep out of the log.",
      wishes.statement
        ? "Leave out --statement, or take the others away: audit defaults unset exclude redact"
        : "Take the default away that keeps statements: audit defaults unset statement",
    );
  }
  return changes;
}

/** One name for the views of all tables would be none. */
function checkViewDefault(pattern: DefaultValue): void {
  checkViewPattern(String(pattern));
  if (!String(pattern).includes("{table}"))
    throw usageError(
      `--view-name: "${escapeControls(String(pattern))}" would give all views the same name.`,
      "Write it as '{table}_history', with {table} for the table's name.",
    );
}

/** A default as it is typed: patterns joined by commas, yes or no for what is only on or off. */
export function defaultText(value: DefaultValue): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : value.join(", ");
}
