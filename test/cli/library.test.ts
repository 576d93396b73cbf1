import type { Command } from "commander";
import { expect, it } from "vitest";
import * as library from "../../src/index.ts";
import { createProgram } from "../../src/program.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

/** What the library calls every command that does something: `runAtTime`, `runRetentionSet`. */
function functionsOf(command: Command, above = "run"): string[] {
  return command.commands
    .filter((child) => child.name() !== "help")
    .flatMap((child) => {
      const name = child.name().replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return child.commands.length > 0 ? functionsOf(child, above + name) : [above + name];
    });
}

it("the library has a function for every command, and no other", () => {
  const functions = Object.keys(library).filter((name) => name.startsWith("run"));
  expect(functions.sort()).toEqual(functionsOf(createProgram(fakeIo())).sort());
});
