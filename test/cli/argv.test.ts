import { expect, it } from "vitest";
import { normaliseArgv } from "../../src/argv.ts";
import { createProgram } from "../../src/program.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

it.each<[string, string[], string[]]>([
  ["an instant that begins with a minus", ["at-time", "-2h", "users"], ["at-time", " -2h", "users"]],
  ["a minus and a bare number, for the grammar to refuse", ["at-time", "-2", "t"], ["at-time", " -2", "t"]],
  ["an instant behind a flag", ["at-time", "--json", "-2h", "t"], ["at-time", "--json", " -2h", "t"]],
  [
    "an instant behind an option and its value",
    ["at-time", "--tz", "UTC", "-2h", "t"],
    ["at-time", "--tz", "UTC", " -2h", "t"],
  ],
  [
    "an instant behind an option written with =",
    ["at-time", "--tz=UTC", "-2h", "t"],
    ["at-time", "--tz=UTC", " -2h", "t"],
  ],
])("lets stand %s", (_, args, expected) => {
  expect(normaliseArgv(args)).toEqual(expected);
});

it.each<[string, string[]]>([
  ["what follows --", ["at-time", "--", "-2h", "users"]],
  ["a key that begins with a minus", ["at-time", "now", "users", "-2h"]],
  ["the value of an option", ["at-time", "--tz", "-2h", "now", "users"]],
  ["an option that is missing its value", ["at-time", "--tz"]],
  ["an option of one letter", ["at-time", "-h"]],
  ["an empty argument", ["at-time", "", "-2h"]],
  ["other commands, also over a table of that name", ["history", "at-time", "-2h"]],
  ["a command line without a command", []],
])("leaves alone %s", (_, args) => {
  expect(normaliseArgv(args)).toEqual(args);
});

it("changes a copy", () => {
  const args = ["at-time", "-2h", "users"];
  normaliseArgv(args);
  expect(args).toEqual(["at-time", "-2h", "users"]);
});

it("knows every option of at-time that takes a value", () => {
  const command = createProgram(fakeIo()).commands.find((candidate) => candidate.name() === "at-time");
  const withValue = command?.options.filter(({ required, optional }) => required || optional) ?? [];
  expect(withValue.length).toBeGreaterThan(0);
  for (const { long } of withValue) {
    const args = ["at-time", long ?? "", "-2h", "-3h", "users"];
    expect(normaliseArgv(args)).toEqual(["at-time", long, "-2h", " -3h", "users"]);
  }
});
