import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  type WriteOptions,
  type ZoneOptions,
} from "./options.ts";

export interface TagOptions extends ConnectionOptions, OutputOptions, WriteOptions, ZoneOptions {
  readonly name: string;
  /** Why, in free words. */
  readonly note?: string | undefined;
  /** Remove the tag instead of setting it. */
  readonly delete?: boolean | undefined;
}

export function addTagCommand(
  program: Command,
  io: Io,
  run: (options: TagOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program
    .command("tag")
    .description("Name the present instant, exact to the commit, for use as tag:NAME")
    .argument("<name>", "such as before-import or release/42")
    .option("--note <text>", "why, for audit tags")
    .option("--delete", "forget the tag; the changes stay");
  addCommonOptions(command, {
    writes: true,
    instants: true,
    example: "audit tag before-import --note 'price list of March'",
  });
  command.action(async (name: string, options: Omit<TagOptions, "name">) => {
    const { checkTagName } = await import("../core/when.ts");
    checkTagName(name);
    await run({ ...options, name }, io);
  });
}

const runLazily = async (options: TagOptions, io: Io): Promise<void> =>
  (await import("../actions/tag.ts")).runTag(options, io);
