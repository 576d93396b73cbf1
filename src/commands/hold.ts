import type { Command } from "commander";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { actorOption } from "./changeOptions.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  outputFormats,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";

interface NamedHold extends ConnectionOptions, OutputOptions, WriteOptions, ZoneOptions {
  readonly name: string;
  readonly reason: string;
}

export interface HoldAddOptions extends NamedHold {
  /** A table as for history; with an actor or alone. */
  readonly table?: string | undefined;
  /** Key values in key order, or col=value pairs. */
  readonly key?: readonly string[] | undefined;
  readonly actor?: string | undefined;
}

export type HoldLiftOptions = NamedHold;

export interface HoldListOptions extends ConnectionOptions, OutputOptions, ZoneOptions {
  /** Those that have been lifted, too. */
  readonly all?: boolean | undefined;
}

interface Actions {
  readonly add: (options: HoldAddOptions, io: Io) => Promise<void>;
  readonly list: (options: HoldListOptions, io: Io) => Promise<void>;
  readonly lift: (options: HoldLiftOptions, io: Io) => Promise<void>;
}

export function addHoldCommand(program: Command, io: Io, run: Actions = runLazily): void {
  const command = program
    .command("hold")
    .description("Keep changes from being pruned, for legal reasons, until the hold is lifted");
  addAdd(command, io, run);
  addList(command, io, run);
  addLift(command, io, run);
}

function addAdd(command: Command, io: Io, run: Actions): void {
  const add = command
    .command("add")
    .description("Place a hold on changes of a table, a row or an actor; beats every retention")
    .argument("<name>", "such as case-2026-114")
    .option("--table <table>", 'users, public.users, "Odd.Name", or relation:ID')
    .option("--key <key...>", "the row's key: a value per key column, or col=value")
    .addOption(actorOption())
    .requiredOption("--reason <text>", "why, for the record");
  addCommonOptions(add, {
    writes: true,
    instants: true,
    example: "audit hold add case-2026-114 --table users --key 42 --reason 'Ada ./. Shop, 7 O 12/26'",
  });
  add.action(async (name: string, options: Omit<HoldAddOptions, "name">) => {
    await checkNamed(name, options.reason);
    const { table, key, actor } = options;
    if (table === undefined && key !== undefined)
      throw usageError("--key names a row, but of which table is not said.", "Add --table <table>.");
    if (table === undefined && actor === undefined)
      throw usageError(
        "A hold on everything is not meant: neither --table nor --actor is given.",
        "To keep all for ever: audit retention set <class> forever",
      );
    if (actor?.trim() === "")
      throw usageError("--actor is empty.", "Name the actor, as audit log shows it, or leave --actor out.");
    await run.add({ ...options, name }, io);
  });
}

function addList(command: Command, io: Io, run: Actions): void {
  const list = command
    .command("list", { isDefault: true })
    .description("List the holds in force, oldest first")
    .option("--all", "those that have been lifted, too");
  addCommonOptions(list, { instants: true, formats: outputFormats, example: "audit hold list --all" });
  list.action((options: HoldListOptions) => run.list(options, io));
}

function addLift(command: Command, io: Io, run: Actions): void {
  const lift = command
    .command("lift")
    .description("Lift a hold: what it kept goes by its retention again")
    .argument("<name>", "as audit hold list shows it")
    .requiredOption("--reason <text>", "why, for the record");
  addCommonOptions(lift, {
    writes: true,
    instants: true,
    example: "audit hold lift case-2026-114 --reason 'settled on 2027-03-01'",
  });
  lift.action(async (name: string, options: Omit<HoldLiftOptions, "name">) => {
    await checkNamed(name, options.reason);
    await run.lift({ ...options, name }, io);
  });
}

async function checkNamed(name: string, reason: string): Promise<void> {
  const { checkHoldName } = await import("../core/legalHold.ts");
  checkHoldName(name);
  if (reason.trim() === "")
    throw usageError("--reason is empty.", "Say why, for those who will read it in years.");
}

const runLazily: Actions = {
  add: async (options, io) => (await import("../actions/hold.ts")).runHoldAdd(options, io),
  list: async (options, io) => (await import("../actions/hold.ts")).runHoldList(options, io),
  lift: async (options, io) => (await import("../actions/hold.ts")).runHoldLift(options, io),
};
