import { describe, expect, it } from "vitest";
import { parseLimit } from "../../src/core/limit.ts";
import { UserError } from "../../src/errors.ts";

describe("parseLimit", () => {
  it.each([
    ["30s", 30_000, "30 seconds"],
    ["1m", 60_000, "1 minute"],
    ["1h30m", 5_400_000, "1 hour 30 minutes"],
    ["1 hour 30 minutes", 5_400_000, "1 hour 30 minutes"],
    ["2d", 172_800_000, "2 days"],
  ])("reads %s", (text, milliseconds, read) => {
    expect(parseLimit(text)).toEqual({ milliseconds, text: read });
  });

  it.each([
    ["", "it is empty"],
    ["10", '"10" has no unit'],
    ["0s", "no time is too short"],
    ["1mo", "a run is not measured in months"],
    ["1w", "a run is not measured in weeks"],
    ["10m now", "a length of time ends before this"],
    ["10 bananas", '"bananas" is not a unit'],
    ["-5m", "a number is missing here"],
  ])("refuses %j", (text, why) => {
    expect(() => parseLimit(text)).toThrow(UserError);
    expect(() => parseLimit(text)).toThrow(why);
  });
});
