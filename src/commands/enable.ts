import type { Command } from "commander";
import type { Retain } from "../core/interval.ts";
import type { Io } from "../io.ts";
import type { TableName } from "../types.ts";
import { addCaptureOptions, addRetainOption, type CaptureOptions, readRetain } from "./captureOptions.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  collectList,
  type OutputOptions,
  readTables,
  type WriteOptions,
} from "./options.ts";

export interface EnableOptions extends ConnectionOptions, OutputOptions, WriteOptions, CaptureOptions {
  /** Empty with --all or --schema. */
  readonly tables: readonly TableName[];
  readonly all?: boolean | undefined;
  readonly schema?: string | undefined;
  /** An empty list takes the restriction away. */
  readonly only?: readonly string[] | undefined;
  readonly retain?: Retain | undefined;
  /** The columns to tell rows apart by, or none of them, where there is no primary key. */
  readonly key?: readonly string[] | "none" | undefined;
  readonly statementAnyway?: boolean | undefined;
}

interface Typed extends Omit<EnableOptions, "tables" | "retain" | "key"> {
  readonly retain?: string | undefined;
  /** false with --no-key. */
  readonly key?: string[] | false | undefined;
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
    .option("--schema <name>", "every table of one schema");
  addRetainOption(command)
    .option(
      "--only <columns>",
      "record these columns and the key alone, by name or glob; '' for all",
      collectList,
    )
    .option("--key <columns>", "without a primary key: tell rows apart by these columns", collectList)
    .option("--no-key", "without a primary key: record changes as a log only, without a past");
  addCaptureOptions(command).option(
    "--statement-anyway",
    "keep statements although they may hold excluded or redacted values",
  );
  addCommonOptions(command, {
    writes: true,
    example: "audit enable users orders --exclude hair_color,'*_token' --retain 1y",
  });
  command.action(async (tables: string[], { retain, key, ...options }: Typed) =>
    run(
      {
        ...options,
        tables: await readTables(tables),
        retain: await readRetain(retain),
        key: key === false ? "none" : await readNames(key),
      },
      io,
    ),
  );
}

async function readNames(texts: string[] | undefined): Promise<readonly string[] | undefined> {
  if (texts === undefined) return undefined;
  const { parseIdentifier } = await import("../core/name.ts");
  return texts.map((text) => parseIdentifier(text));
}

const runLazily = async (options: EnableOptions, io: Io): Promise<void> =>
  (await import("../actions/enable.ts")).runEnable(options, io);
