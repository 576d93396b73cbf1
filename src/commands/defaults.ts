import { Argument, type Command } from "commander";
import { type DefaultName, defaultNames } from "../core/defaults.ts";
import type { Retain } from "../core/interval.ts";
import type { Io } from "../io.ts";
import { addCaptureOptions, addRetainOption, type CaptureOptions, readRetain } from "./captureOptions.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
} from "./options.ts";

export type DefaultsListOptions = ConnectionOptions & OutputOptions;

export interface DefaultsSetOptions extends ConnectionOptions, OutputOptions, WriteOptions, CaptureOptions {
  readonly retain?: Retain | undefined;
}

export interface DefaultsUnsetOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly names: readonly DefaultName[];
}

interface Typed extends Omit<DefaultsSetOptions, "retain"> {
  readonly retain?: string | undefined;
}

export function addDefaultsCommand(
  program: Command,
  io: Io,
  run: {
    readonly list: (options: DefaultsListOptions, io: Io) => Promise<void>;
    readonly set: (options: DefaultsSetOptions, io: Io) => Promise<void>;
    readonly unset: (options: DefaultsUnsetOptions, io: Io) => Promise<void>;
  } = runLazily,
): void {
  const command = program
    .command("defaults")
    .description("List or set how tables are audited where enable is told nothing else");
  const list = command
    .command("list", { isDefault: true })
    .description("List the defaults for tables that are enabled for the first time");
  addCommonOptions(list, { example: "audit defaults" });
  list.action((options: DefaultsListOptions) => run.list(options, io));

  const set = command
    .command("set")
    .description("Set defaults for tables that are enabled from now on; those not given stay");
  addCaptureOptions(addRetainOption(set));
  addCommonOptions(set, {
    writes: true,
    example: "audit defaults set --exclude '*_token' --redact password --retain 1y",
  });
  set.action(async ({ retain, ...options }: Typed) =>
    run.set({ ...options, retain: await readRetain(retain) }, io),
  );

  const unset = command
    .command("unset")
    .description("Take defaults away")
    .addArgument(new Argument("<name...>", "which").choices(defaultNames));
  addCommonOptions(unset, { writes: true, example: "audit defaults unset exclude retain" });
  unset.action((names: DefaultName[], options: Omit<DefaultsUnsetOptions, "names">) =>
    run.unset({ ...options, names }, io),
  );
}

const runLazily = {
  list: async (options: DefaultsListOptions, io: Io): Promise<void> =>
    (await import("../actions/defaults.ts")).runDefaultsList(options, io),
  set: async (options: DefaultsSetOptions, io: Io): Promise<void> =>
    (await import("../actions/defaults.ts")).runDefaultsSet(options, io),
  unset: async (options: DefaultsUnsetOptions, io: Io): Promise<void> =>
    (await import("../actions/defaults.ts")).runDefaultsUnset(options, io),
};
