import { type Command, InvalidArgumentError, Option } from "commander";
import type { When, WhenRange } from "../core/when.ts";
import type { OperationName } from "../types.ts";
import { collectList, parseCount, readOptionalRange, readOptionalWhen } from "./options.ts";

/** One `--context key=value`. */
export interface ContextFact {
  readonly key: string;
  readonly value: string;
}

/** Which changes a command is asked for, in the same words wherever changes are read. */
export interface FilterOptions {
  readonly actor?: string | undefined;
  readonly dbUser?: string | undefined;
  readonly op?: readonly OperationName[] | undefined;
  /** Columns as typed: bare names fold to lower case, quoted ones do not. */
  readonly column?: readonly string[] | undefined;
  readonly since?: When | undefined;
  readonly until?: When | undefined;
  readonly range?: WhenRange | undefined;
  /** An SQL condition over the fields of a change. */
  readonly where?: string | undefined;
  readonly grep?: string | undefined;
  readonly context?: readonly ContextFact[] | undefined;
  /** The newest so many. */
  readonly limit?: number | undefined;
  /** In the order opposite to the command's own. */
  readonly reverse?: boolean | undefined;
}

/** The same as commander hands it over: instants are still text. */
export type TypedFilter<T extends FilterOptions> = Omit<T, "since" | "until" | "range"> & {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly range?: string | undefined;
};

/** What these options do, in the same words wherever they are. */
export const filterWords = {
  op: "insert, update, delete, truncate; comma-separated",
  column: "changes of these columns, by present or former name",
  limit: "the newest n only",
} as const;

/** Which names of columns changes are shown with: their present ones, as without the option, or those they had then. */
export interface NameOptions {
  readonly schema?: "now" | "then" | undefined;
}

/** --schema, for commands that show changes. */
export function namesOption(): Option {
  return new Option(
    "--schema <names>",
    "columns by their present names (now, as without), or as they were called then",
  ).choices(["now", "then"]);
}

/** --actor, for commands that are about somebody's changes. */
export function actorOption(): Option {
  return new Option(
    "--actor <name>",
    "changes of this actor, or of this database user where no actor was claimed",
  );
}

/** Adds the options that say which changes are meant. */
export function addFilterOptions(command: Command): Command {
  return command
    .addOption(actorOption())
    .option("--db-user <name>", "changes of this session user, whatever actor was claimed")
    .option("--op <operations>", filterWords.op, parseOperations)
    .option("--column <names>", filterWords.column, collectList)
    .addOption(new Option("--since <when>", "changes from this instant on").conflicts("range"))
    .addOption(new Option("--until <when>", "changes up to this instant").conflicts("range"))
    .option("--range <a..b>", "changes after A, up to and including B; either may be left out")
    .option("--where <sql>", "an SQL condition over id, tx, at, op, key, old, new, actor, context …")
    .option("--grep <regex>", "a regular expression over key, values, actor and context, in any case")
    .option("--context <key=value>", "changes whose context has this; repeatable, all must hold", collectFact)
    .option("--limit <n>", filterWords.limit, parseCount)
    .option("--reverse", "in the opposite order");
}

/** The options as typed with their instants understood. */
export async function readFilterOptions<T extends FilterOptions>({
  since,
  until,
  range,
  ...options
}: TypedFilter<T>) {
  return {
    ...options,
    since: await readOptionalWhen(since),
    until: await readOptionalWhen(until),
    range: await readOptionalRange(range),
  };
}

const operations: readonly OperationName[] = ["insert", "update", "delete", "truncate"];

/** Operations as an option: repeatable, comma-separated, in any case. */
export function parseOperations(text: string, former: readonly OperationName[] = []): OperationName[] {
  const named = collectList(text).map((word) => {
    const found = operations.find((name) => name === word.toLowerCase());
    if (!found)
      throw new InvalidArgumentError(`"${word}" is not an operation. Write ${operations.join(", ")}.`);
    return found;
  });
  return [...former, ...named];
}

function collectFact(text: string, former: readonly ContextFact[] = []): ContextFact[] {
  const at = text.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError(`"${text}" is not key=value, such as request_id=7f3a.`);
  return [...former, { key: text.slice(0, at), value: text.slice(at + 1) }];
}
