import { expect, it } from "vitest";
import { caret, failWith } from "../../src/core/caret.ts";
import { ExitCode } from "../../src/errors.ts";
import { userErrorOf } from "../helpers/userError.ts";

it.each([
  ["points at the first character", "abc", 0, "  abc\n  ^"],
  ["points behind the last", "abc", 3, "  abc\n     ^"],
  ["counts what is shown for an escape", "a\u001bb", 2, "  a\\x1bb\n       ^"],
  ["counts two cells for a wide character", "日本x", 2, "  日本x\n      ^"],
  ["counts none for a combining mark", "e\u0301x", 2, "  e\u0301x\n   ^"],
])("%s", (_name, text, position, expected) => {
  expect(caret(text, position)).toBe(expected);
});

it("complains with what, why and where, as a usage error with the hint", () => {
  const fail = failWith("a\nb", "not a name", "Write one.");
  const thrown = userErrorOf(() => fail(1, "it breaks off"));
  expect(thrown.exitCode).toBe(ExitCode.Usage);
  expect(thrown.message).toBe('"a\\nb" is not a name: it breaks off.\n  a\\nb\n   ^');
  expect(thrown.hint).toBe("Write one.");
});
