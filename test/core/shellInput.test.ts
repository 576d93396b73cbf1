import { describe, expect, it } from "vitest";
import { parseShellCommand, splitStatements } from "../../src/core/shellInput.ts";

describe("splitStatements", () => {
  it.each<[string, string[], string]>([
    ["select 1", [], "select 1"],
    ["select 1;", ["select 1"], ""],
    [" select ';' ;\n;select $$;\n", ["select ';'"], "select $$;\n"],
    ["-- only; a comment\n", [], ""],
    ["a; b; c", ["a", "b"], " c"],
    ["a /* ; ", [], "a /* ; "],
  ])("%j", (text, statements, rest) => {
    expect(splitStatements(text)).toEqual({ statements, rest });
  });
});

describe("parseShellCommand", () => {
  it.each<[string, object | undefined]>([
    ["\\q", { name: "q", argument: "" }],
    ["  \\at 2 days ago ; ", { name: "at", argument: "2 days ago" }],
    ["\\?", { name: "?", argument: "" }],
    ["\\", { name: "", argument: "" }],
    ["select '\\q'", undefined],
    ["", undefined],
  ])("%j", (line, expected) => {
    expect(parseShellCommand(line)).toEqual(expected);
  });
});
