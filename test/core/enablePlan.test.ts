import { describe, expect, it } from "vitest";
import {
  type CaptureSettings,
  type CaptureWishes,
  patternsFor,
  settleCapture,
  unknownEverywhere,
} from "../../src/core/enablePlan.ts";
import { someTable } from "../helpers/tableFacts.ts";
import { userErrorOf } from "../helpers/userError.ts";

const nothing: CaptureWishes = { exclude: undefined, onTruncate: undefined, retentionId: undefined };
const defaultRetention = 1;
const former: CaptureSettings = { excluded: [2], exclude: ["*_token"], onTruncate: "forbid", retentionId: 7 };

function settle(wishes: Partial<CaptureWishes>, before?: CaptureSettings, facts = someTable()) {
  return settleCapture(facts, { ...nothing, ...wishes }, before, defaultRetention);
}

function column(attnum: number, name: string) {
  return { attnum, name, type: "text" };
}

describe("settleCapture", () => {
  it("records every column and every TRUNCATE, for ever, unless told otherwise", () => {
    expect(settle({})).toEqual({
      settings: { excluded: [], exclude: [], onTruncate: "capture", retentionId: defaultRetention },
      notes: [],
    });
  });

  it("leaves all as it was asked for before when nothing is asked for now", () => {
    expect(settle({}, former)).toEqual({ settings: former, notes: [] });
  });

  it.each<[string, Partial<CaptureWishes>, Partial<CaptureSettings>]>([
    ["the exclusions", { exclude: ["email"] }, { excluded: [2], exclude: [] }],
    ["the exclusions, to none", { exclude: [] }, { excluded: [], exclude: [] }],
    ["what TRUNCATE does", { onTruncate: "record" }, { onTruncate: "record" }],
    ["the retention", { retentionId: 9 }, { retentionId: 9 }],
  ])("changes only %s", (_, wishes, changed) => {
    expect(settle(wishes, former).settings).toEqual({ ...former, ...changed });
  });

  it("finds excluded columns by attribute number, in the table's order", () => {
    expect(settle({ exclude: ["api_token", "email"] }).settings.excluded).toEqual([2, 4]);
  });

  it("remembers globs for columns added later, and names not", () => {
    expect(settle({ exclude: ["email", "*_TOKEN"] }).settings).toMatchObject({
      excluded: [2, 4],
      exclude: ["*_token"],
    });
  });

  it("notes a glob that matches nothing, and remembers it", () => {
    expect(settle({ exclude: ["secret_?"] })).toMatchObject({
      settings: { excluded: [], exclude: ["secret_?"] },
      notes: ["No column of public.users matches --exclude secret_?."],
    });
  });

  it("folds only ASCII letters of a glob, as the server does", () => {
    const facts = someTable({ columns: [column(1, "id"), column(2, "Äpfel_a")] });
    expect(settle({ exclude: ["Äpfel_*"] }, undefined, facts).settings).toMatchObject({
      excluded: [2],
      exclude: ["Äpfel_*"],
    });
  });

  it("takes a pattern that is a column's very name for that column alone", () => {
    const facts = someTable({ columns: [column(1, "id"), column(2, "what?"), column(3, "whats")] });
    expect(settle({ exclude: ["what?"] }, undefined, facts).settings).toMatchObject({
      excluded: [2],
      exclude: [],
    });
  });

  it("refuses unknown columns and columns of the key, all in one error", () => {
    const error = userErrorOf(() => settle({ exclude: ["emial", "id"] }));
    expect(error).toMatchObject({ exitCode: 2, hint: "Columns of public.users: id, email, api_token." });
    expect(error.message).toBe(
      [
        '--exclude: public.users has no column "emial". Did you mean "email"?',
        '--exclude: "id" is part of the key of public.users and cannot be excluded: a change finds its row by it.',
      ].join("\n"),
    );
  });

  it("refuses a glob that reaches the key", () => {
    expect(userErrorOf(() => settle({ exclude: ["*"] })).message).toMatch('"id" is part of the key');
  });
});

describe("patternsFor", () => {
  it("keeps globs and the names of the table's own columns", () => {
    const patterns = ["*_token", "EMAIL", '"email"', '"EMAIL"', "phone", "sh?rt"];
    expect(patternsFor(someTable(), patterns)).toEqual(["*_token", "EMAIL", '"email"', "sh?rt"]);
  });

  it("reads quoted names as names, whatever is in them", () => {
    const facts = someTable({ columns: [column(1, "a*"), column(2, 'say "hi"')] });
    expect(patternsFor(facts, ['"a*"', '"say ""hi"""', '"b*"'])).toEqual(['"a*"', '"say ""hi"""']);
  });

  it("folds only ASCII letters, as the server does", () => {
    const facts = someTable({ columns: [column(1, "Äpfel")] });
    expect(patternsFor(facts, ["ÄPFEL", "äpfel"])).toEqual(["ÄPFEL"]);
  });
});

describe("unknownEverywhere", () => {
  const tables = [someTable(), someTable({ table: "orders", columns: [column(1, "total")] })];

  it("names what no table has", () => {
    expect(unknownEverywhere(tables, ["email", "total", "phone", "Fax"])).toEqual(["phone", "Fax"]);
  });

  it("never names globs", () => {
    expect(unknownEverywhere(tables, ["nothing_*"])).toEqual([]);
  });

  it("names everything when there is no table", () => {
    expect(unknownEverywhere([], ["email"])).toEqual(["email"]);
  });
});
