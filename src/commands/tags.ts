import type { Command } from "commander";
import type { Io } from "../io.ts";
import {
  addCommonOptions,
  type ConnectionOptions,
  type OutputOptions,
  outputFormats,
  type ZoneOptions,
} from "./options.ts";

export type TagsOptions = ConnectionOptions & OutputOptions & ZoneOptions;

export function addTagsCommand(
  program: Command,
  io: Io,
  run: (options: TagsOptions, io: Io) => Promise<void> = runLazily,
): void {
  const command = program.command("tags").description("List the tags, newest first");
  addCommonOptions(command, { instants: true, formats: outputFormats, example: "audit tags" });
  command.action((options: TagsOptions) => run(options, io));
}

const runLazily = async (options: TagsOptions, io: Io): Promise<void> =>
  (await import("../actions/tags.ts")).runTags(options, io);
