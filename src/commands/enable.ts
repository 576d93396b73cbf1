import { type Command, Option } from "commander";
import type { Retain } from "../core/interval.ts";
import type { Io } from "../io.ts";
import type { OnTruncate, TableName } from "../types.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  readTables,
  type WriteOptions,
} from "./options.ts";

export interface EnableOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  /** Empty with --all or --schema. */
  readonly tables: readonly TableName[];
  readonly all?: boolean | undefined;
  readonly schema?: string | undefined;
  /** undefined keeps what was asked for before; an empty list excludes nothing. */
  readonly exclude?: readonly string[] | undefined;
  readonly retain?: Retain | undefined;
  readonly onTruncate?: OnTruncate | undefined;
}

interface Typed extends Omit<EnableOptions, "tables" | "retain"> {
  readonly retain?: string | undefined;
}

export function addEnableCommand(
  program: Command,
  io: Io,
  run: (options: EnableOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("enable")
    .description("Audit tables, or change how they are audited; options are remembered")
    .argument("[table...]", 'users, public.users or "Odd.Name"')
    .option("--all", "every table that can be audited, of all schemas or of --schema")
    .option("--schema <name>", "every table of one schema")
    .option(
      "--exclude <columns>",
      "columns never to record, by name or glob, comma-separated; '' for none",
      collectList,
    )
    .option(
      "--retain <class|interval>",
      "how long to keep changes, such as 90d or a class of audit retention",
    )
    .addOption(
      new Option(
        "--on-truncate <how>",
        "TRUNCATE: keep every row, keep the event alone, or refuse it",
      ).choices(["capture", "record", "forbid"]),
    );
  addCommonOptions(command, {
    writes: true,
    example: "audit enable users orders --exclude hair_color,'*_token' --retain 1y",
  });
  command.action(async (tables: string[], { retain, ...options }: Typed) =>
    run({ ...options, tables: await readTables(tables), retain: await readRetain(retain) }, io),
  );
}

async function readRetain(text: string | undefined): Promise<Retain | undefined> {
  return text === undefined ? undefined : (await import("../core/interval.ts")).parseRetain(text);
}

const runLazily = async (options: EnableOptions, io: Io): Promise<void> =>
  (await import("../actions/enable.ts")).runEnable(options, io);
