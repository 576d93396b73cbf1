import { describe, expect, it } from "vitest";
import { parseSubject } from "../../src/core/subject.ts";
import { userErrorOf } from "../helpers/userError.ts";

describe("parseSubject", () => {
  it.each([
    ["4711", { kind: "change", id: "4711" }],
    ["change:4711", { kind: "change", id: "4711" }],
    ["tx:812", { kind: "tx", id: "812" }],
    ["tx:0007", { kind: "tx", id: "7" }],
    ["9223372036854775807", { kind: "change", id: "9223372036854775807" }],
  ])("reads %s", (text, subject) => {
    expect(parseSubject(text)).toEqual(subject);
  });

  it.each([
    ["", "the number of a change is missing here", 0],
    ["tx:", "the number of a transaction is missing here", 3],
    ["change:", "the number of a change is missing here", 7],
    ["tx:abc", '"abc" is not the number of a transaction', 3],
    ["users", '"users" is not the number of a change', 0],
    ["-5", '"-5" is not the number of a change', 0],
    ["before:tx:5", '"before:tx:5" is not the number of a change', 0],
    ["1\x1b\n", '"1\\x1b\\n" is not the number of a change', 0],
    ["9223372036854775808", "no change has a number of that size", 0],
  ])("refuses %j", (text, problem, at) => {
    const { message, exitCode } = userErrorOf(() => parseSubject(text));
    expect(exitCode).toBe(2);
    expect(message).toContain(`is neither a change nor a transaction: ${problem}.\n`);
    expect(message.split("\n").at(-1)).toBe(`  ${" ".repeat(at)}^`);
  });
});
