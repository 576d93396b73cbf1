import { type Command, Option } from "commander";
import type { Reference, When } from "../core/when.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import {
  type ArchiveReadingOptions,
  addCommonOptions,
  type ConnectionOptions,
  type OutputFormat,
  type OutputOptions,
  outputFormats,
  readOptionalRange,
  readOptionalWhen,
  readWhen,
  type ZoneOptions,
} from "./options.ts";

/** Between which instants, or what one transaction did. */
export type DiffSpan =
  | {
      readonly kind: "between";
      readonly from: When /** undefined means now. */;
      readonly to: When | undefined;
    }
  | { readonly kind: "tx"; readonly tx: Reference & { readonly kind: "tx" } };

export interface DiffOptions
  extends ConnectionOptions,
    ArchiveReadingOptions,
    OutputOptions<OutputFormat | "sql">,
    ZoneOptions {
  /** undefined means those of `schema`, or all of them. */
  readonly table?: string | undefined;
  readonly key: readonly string[];
  readonly schema?: string | undefined;
  readonly all?: boolean | undefined;
  readonly span: DiffSpan;
  /** Every change, rather than what they come to. */
  readonly each?: boolean | undefined;
  readonly stat?: boolean | undefined;
  readonly summary?: boolean | undefined;
  readonly exitCode?: boolean | undefined;
}

interface Typed extends Omit<DiffOptions, "table" | "key" | "span"> {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly range?: string | undefined;
  readonly tx?: string | undefined;
  readonly net?: boolean | undefined;
}

export function addDiffCommand(
  program: Command,
  io: Io,
  run: (options: DiffOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("diff")
    .description("Show which rows differ between two instants, or by one transaction, and in what")
    .argument("[table]", 'users, public.users or "Odd.Name"')
    .argument("[key...]", "one row's key: a value per key column, or col=value")
    .option("--all", "every audited table")
    .option("--schema <name>", "every audited table of one schema")
    .option("--from <when>", "the earlier instant")
    .option("--to <when>", "the later instant (now without)")
    .addOption(new Option("--range <A..B>", "both instants at once").conflicts(["from", "to"]))
    .addOption(
      new Option("--tx <id>", "what one transaction did, in every table unless one is named").conflicts([
        "from",
        "to",
        "range",
      ]),
    )
    .addOption(new Option("--net", "what all changes come to, row by row (default)").conflicts("each"))
    .option("--each", "every change, in order")
    .addOption(new Option("--stat", "how many rows differ, and in which columns").conflicts("summary"))
    .option("--summary", "how many rows of each table differ")
    .option("--exit-code", "exit with 1 when there are differences");
  addCommonOptions(command, {
    instants: true,
    archives: true,
    formats: [...outputFormats, "sql"],
    example: "audit diff users --from 'yesterday 17:00' --to now",
  });
  command.action(async (table: string | undefined, key: string[], typed: Typed) => {
    const { from, to, range, tx, net, ...options } = typed;
    checkScope(table, typed);
    await run({ ...options, table, key, span: await readSpan({ from, to, range, tx }) }, io);
  });
}

function checkScope(
  table: string | undefined,
  { all, schema, tx, output, each, stat, summary }: Typed,
): void {
  const bulk = all === true || schema !== undefined;
  if (table !== undefined && bulk)
    throw usageError("A table is named and --all or --schema is given; only one of them can be meant.");
  if (table === undefined && !bulk && tx === undefined)
    throw usageError(
      "No table is named.",
      "Write audit diff <table>, --schema <name>, or --all for every audited table.",
    );
  if (output === "sql" && (each || stat || summary))
    throw usageError(
      `-o sql carries the first state into the second; it cannot go with --${each ? "each" : stat ? "stat" : "summary"}.`,
      "Leave one of them out.",
    );
}

async function readSpan({
  from,
  to,
  range,
  tx,
}: Pick<Typed, "from" | "to" | "range" | "tx">): Promise<DiffSpan> {
  if (tx !== undefined) {
    const when = await readWhen(/^\d+$/.test(tx.trim()) ? `tx:${tx.trim()}` : tx);
    if (when.kind === "tx" && !when.before) return { kind: "tx", tx: when };
    throw usageError(`"${when.typed}" does not name a transaction.`, "Write it as --tx 4711, or tx:4711.");
  }
  const sides = (await readOptionalRange(range)) ?? {
    from: await readOptionalWhen(from),
    to: await readOptionalWhen(to),
  };
  if (sides.from === undefined)
    throw usageError(
      "From which instant on is not said.",
      "Write --from <when>, --range A..B, or --tx <id> for what one transaction did.",
    );
  return { kind: "between", from: sides.from, to: sides.to };
}

const runLazily = async (options: DiffOptions, io: Io): Promise<void> =>
  (await import("../actions/diff.ts")).runDiff(options, io);
