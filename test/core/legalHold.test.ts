import { describe, expect, it } from "vitest";
import { checkHoldName, holdsKeep } from "../../src/core/legalHold.ts";
import { userErrorOf } from "../helpers/userError.ts";

describe("checkHoldName", () => {
  it.each(["case-2026-114", "tax/2025", "_x", "Fall.7:a@b+c", "Ä1", "a".repeat(100)])("takes %s", (name) => {
    expect(() => checkHoldName(name)).not.toThrow();
  });

  it.each([
    ["", "it is empty"],
    ["-a", '"-" cannot begin the name of a hold'],
    ["a b", '" " cannot be part of the name of a hold'],
    ["a\u001b[31m", "cannot be part of the name of a hold"],
    ["a".repeat(101), "it is longer than 100 letters"],
  ])("refuses %j", (name, reason) => {
    const error = userErrorOf(() => checkHoldName(name));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain("\u001b");
  });
});

it.each([
  [["a"], 'hold "a" keeps'],
  [["a", "b"], 'holds "a" and "b" keep'],
  [["a", "b", "c"], 'holds "a", "b" and "c" keep'],
])("%j", (names, text) => {
  expect(holdsKeep(names)).toBe(text);
});
