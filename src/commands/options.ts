import { type Command, InvalidArgumentError, Option } from "commander";
import type { When, WhenRange } from "../core/when.ts";
import { usageError } from "../errors.ts";
import type { TableName } from "../types.ts";

/** What every command that talks to a database is given. */
export interface ConnectionOptions {
  /** --database-url; undefined means DATABASE_URL, then the PG* variables. */
  readonly databaseUrl?: string | undefined;
  /** --audit-schema; undefined means AUDIT_SCHEMA, then the only installation found. */
  readonly auditSchema?: string | undefined;
}

/** The forms any answer can take; without one it takes the form for people. */
export const outputFormats = ["table", "json", "ndjson", "csv", "markdown"] as const;

export type OutputFormat = (typeof outputFormats)[number];

/** What every command that answers with data is given. `Format` names the forms of a command that has others. */
export interface OutputOptions<Format extends string = OutputFormat> {
  /** --json, or -o json. */
  readonly json?: boolean | undefined;
  readonly output?: Format | undefined;
  /** Lines as long as they are, whatever the terminal's width. */
  readonly wide?: boolean | undefined;
  /** Whether a pager may be used; undefined means no, since only the command line shuts it again. */
  readonly pager?: boolean | undefined;
}

/** What every command that writes to the database is given. */
export interface WriteOptions {
  /** Print the SQL, change nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What every command that can read archived changes is given. */
export interface ArchiveReadingOptions {
  /** The archive whose changes are read beside those in the database. */
  readonly archive?: string | undefined;
}

/** What every command that takes or shows instants is given. */
export interface ZoneOptions {
  readonly tz?: string | undefined;
}

export interface CommonOptions {
  /** Whether it writes to the database. */
  readonly writes?: boolean;
  /** Whether it takes or shows instants. */
  readonly instants?: boolean;
  /** Whether it can read archived changes. */
  readonly archives?: boolean;
  /** Whether it talks to a database; most do. */
  readonly connects?: boolean;
  /** The forms of an answer that goes through writeAnswer: `outputFormats`, more, or fewer. */
  readonly formats?: readonly string[];
  readonly example: string;
}

/** Adds the options that every command has, as far as they concern it, in the same words, and its example. */
export function addCommonOptions(
  command: Command,
  { writes = false, instants = false, archives = false, connects = true, formats, example }: CommonOptions,
): Command {
  if (connects)
    command
      .option(
        "--database-url <url>",
        "the database, as URL or key=value string (else DATABASE_URL, else PG* variables)",
      )
      .option(
        "--audit-schema <name>",
        "the schema our objects live in (else AUDIT_SCHEMA, else the only installation found)",
      );
  if (instants)
    command.option("--tz <zone>", "time zone of instants (else PGTZ, else TZ, else this machine's)");
  if (archives)
    command.option(
      "--archive <target>",
      "read what was archived there as well: a directory or s3://bucket/prefix",
    );
  if (writes) command.option("--dry-run", "print the SQL, change nothing");
  if (formats) addFormatOptions(command, formats);
  return command
    .option("--json", "print one JSON document")
    .addOption(new Option("--no-color", "no colour (as does NO_COLOR)"))
    .option("--verbose", "add SQLSTATE and details to errors")
    .addHelpText("after", `\nExample:\n  $ ${example}\n`);
}

function addFormatOptions(command: Command, formats: readonly string[]): void {
  command
    .addOption(new Option("-o, --output <format>", "the form of the answer").choices(formats))
    .option("--wide", "truncate nothing to the terminal's width")
    .option("--no-pager", "no pager on a terminal (else AUDIT_PAGER, else PAGER, else less)")
    .hook("preAction", () => {
      const { json, output } = command.opts<OutputOptions<string>>();
      if (json && output !== undefined && output !== "json")
        throw usageError(
          `--json and -o ${output} are given; only one of them can be meant.`,
          "--json is short for -o json.",
        );
      if (output === "json") command.setOptionValue("json", true);
    });
}

// Grammars are loaded by the action that has something to read, so that help and usage errors come at once.

/** Tables as arguments: `users`, `public.users`, `"Odd.Name"`. None is an empty list. */
export async function readTables(texts: readonly string[]): Promise<TableName[]> {
  const { parseTableName } = await import("../core/name.ts");
  return texts.map((text) => parseTableName(text));
}

/** An instant as an argument, or as an option that is always there. */
export async function readWhen(text: string): Promise<When> {
  const { parseWhen } = await import("../core/when.ts");
  return parseWhen(text.trim());
}

/** A range as an option that may be left out. */
export async function readOptionalRange(text: string | undefined): Promise<WhenRange | undefined> {
  if (text === undefined) return undefined;
  const { parseRange } = await import("../core/when.ts");
  return parseRange(text.trim());
}

/** An instant as an option that may be left out. */
export async function readOptionalWhen(text: string | undefined): Promise<When | undefined> {
  return text === undefined ? undefined : readWhen(text);
}

/** A positive count such as --limit. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError(`"${text}" is not a positive whole number.`);
  return Number(text);
}

/** Collects positive whole numbers from a repeatable option, also joined by commas. */
export function collectNumbers(text: string, former: readonly number[] = []): number[] {
  return [...former, ...text.split(",").map((part) => parseCount(part.trim()))];
}

/** Collects a repeatable option whose values may also be joined by commas outside quotes. */
export function collectList(text: string, former: readonly string[] = []): string[] {
  const parts = text.match(/(?:"(?:[^"]|"")*"?|[^,"])+/g) ?? [];
  return [...former, ...parts.map((part) => part.trim()).filter((part) => part !== "")];
}
