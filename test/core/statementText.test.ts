import { describe, expect, it } from "vitest";
import type { CaptureSettings } from "../../src/core/capture.ts";
import { type CaptureDefaults, type CaptureWishes, settleCapture } from "../../src/core/enablePlan.ts";
import type { Key } from "../../src/core/key.ts";
import { oddSettings, plainSettings } from "../helpers/captureSettings.ts";
import { someTable } from "../helpers/tableFacts.ts";
import { userErrorOf } from "../helpers/userError.ts";

const key: Key = { keyColumns: [1], keyFrom: "primary" };
const defaults: CaptureDefaults = { retentionId: 1 };

function settle(
  wishes: CaptureWishes,
  given: { readonly before?: CaptureSettings; readonly defaults?: CaptureDefaults } = {},
) {
  return settleCapture(someTable(), key, wishes, given.before, given.defaults ?? defaults);
}

describe("settleCapture and the statement's text", () => {
  it("keeps it where nothing is to be kept from the log", () => {
    expect(settle({ statement: true }).settings.keepsStatement).toBe(true);
    expect(settle({}, { defaults: { ...defaults, statement: true } }).settings.keepsStatement).toBe(true);
  });

  it.each<[string, CaptureWishes]>([
    ["an excluded column", { exclude: ["email"] }],
    ["a glob to exclude, though it matches nothing yet", { exclude: ["secret_*"] }],
    ["a redacted column", { redact: ["email"] }],
    ["a glob to redact", { redact: ["emai?"] }],
    ["--only", { only: ["email"] }],
  ])("refuses it beside %s, unless that is accepted", (_, wishes) => {
    const error = userErrorOf(() => settle({ ...wishes, statement: true }));
    expect(error).toMatchObject({
      exitCode: 2,
      hint: "Leave out --statement, or say that this is accepted: --statement-anyway",
    });
    expect(error.message).toBe(
      "public.users: the text of a statement may hold the very values that --exclude, --only or --redact keep out of the log.",
    );
    expect(settle({ ...wishes, statement: true, statementAnyway: true }).settings.keepsStatement).toBe(true);
  });

  it("refuses it beside what was excluded before, and beside defaults that say both", () => {
    const before = { ...plainSettings, exclude: { columns: [2], globs: [] } };
    expect(userErrorOf(() => settle({ statement: true }, { before })).message).toMatch("very values");
    const both = { ...defaults, statement: true, redact: ["email"] };
    expect(userErrorOf(() => settle({}, { defaults: both })).message).toMatch("very values");
  });

  it("asks no second time of a table for which it was accepted", () => {
    expect(settle({ images: "lean" }, { before: oddSettings }).settings.keepsStatement).toBe(true);
  });

  it.each<[string, CaptureWishes]>([
    ["more is excluded", { exclude: ["email", "api_token"] }],
    ["more is redacted", { redact: ["email"] }],
    ["less is recorded", { only: ["email"] }],
    ["it is asked for once more", { statement: true }],
  ])("asks again when %s", (_, wishes) => {
    expect(userErrorOf(() => settle(wishes, { before: oddSettings })).message).toMatch("very values");
    expect(
      settle({ ...wishes, statementAnyway: true }, { before: oddSettings }).settings.keepsStatement,
    ).toBe(true);
  });

  it("asks again when something is excluded for the first time", () => {
    const before = { ...plainSettings, keepsStatement: true };
    expect(userErrorOf(() => settle({ exclude: ["email"] }, { before })).message).toMatch("very values");
  });

  it("asks nothing once nothing is kept from the log any more", () => {
    const wishes = { exclude: [], redact: [], only: [] };
    expect(settle(wishes, { before: oddSettings }).settings).toMatchObject({
      keepsStatement: true,
      only: null,
    });
  });
});
