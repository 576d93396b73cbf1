import { describe, expect, it } from "vitest";
import { refuseUnstorable } from "../../src/core/argument.ts";
import { ExitCode } from "../../src/errors.ts";
import { userErrorOf } from "../helpers/userError.ts";

describe("refuseUnstorable", () => {
  it("lets everything pass that PostgreSQL can store", () => {
    expect(() => refuseUnstorable(["history", "", "🦉", "\x01\x7f\u{10ffff}", "e\u0301"])).not.toThrow();
  });

  it.each([
    [["history", "users", "a\0b"], "Argument 3 contains a NUL character at position 2"],
    [["\0"], "Argument 1 contains a NUL character at position 1"],
    [["status", "x\ud800"], "Argument 2 contains half of a character (a lone surrogate) at position 2"],
    [["status", "\udc00x"], "Argument 2 contains half of a character (a lone surrogate) at position 1"],
  ])("says which argument of %j it cannot be", (args, message) => {
    const error = userErrorOf(() => refuseUnstorable(args));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain(message);
  });

  it("shows nothing of the argument, which may hold a password", () => {
    const error = userErrorOf(() => refuseUnstorable(["--database-url", "postgres://u:s3cret\0@host/db"]));
    expect(`${error.message} ${error.hint}`).not.toContain("s3cret");
  });
});
