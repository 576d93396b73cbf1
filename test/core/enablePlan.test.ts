import { describe, expect, it } from "vitest";
import { type CaptureSettings, noChoice } from "../../src/core/capture.ts";
import {
  type CaptureDefaults,
  type CaptureWishes,
  patternsFor,
  settleCapture,
  unknownEverywhere,
} from "../../src/core/enablePlan.ts";
import type { Key } from "../../src/core/key.ts";
import { oddSettings, plainSettings } from "../helpers/captureSettings.ts";
import { someTable } from "../helpers/tableFacts.ts";
import { userErrorOf } from "../helpers/userError.ts";

const key: Key = { keyColumns: [1], keyFrom: "primary" };
const keyless: Key = { keyColumns: [], keyFrom: "none" };
const defaults: CaptureDefaults = { retentionId: 1 };

const plain = plainSettings;
const former = oddSettings;

const otherDefaults: CaptureDefaults = {
  exclude: ["api_*"],
  redact: ["email"],
  images: "lean",
  onTruncate: "record",
  oversize: "digest",
  statement: false,
  always: true,
  retentionId: 3,
};

interface Given {
  readonly before?: CaptureSettings;
  readonly facts?: ReturnType<typeof someTable>;
  readonly key?: Key;
  readonly defaults?: CaptureDefaults;
}

function settle(wishes: CaptureWishes, given: Given = {}) {
  return settleCapture(
    given.facts ?? someTable(),
    given.key ?? key,
    wishes,
    given.before,
    given.defaults ?? defaults,
  );
}

function column(attnum: number, name: string) {
  return { attnum, name, type: "text" };
}

describe("settleCapture", () => {
  it("names a view by the table, by the default, or by what is asked, and keeps the name", () => {
    const { table } = someTable();
    expect(settle({ view: true }).settings.viewName).toBe(`${table}_history`);
    const byDefault = { retentionId: 1, view: true, viewName: "{table}_log" };
    expect(settle({}, { defaults: byDefault }).settings.viewName).toBe(`${table}_log`);
    expect(settle({ view: false }, { defaults: byDefault }).settings.viewName).toBeNull();
    expect(settle({}, { before: plain, defaults: byDefault }).settings.viewName).toBeNull();
    expect(settle({ view: true }, { before: former }).settings.viewName).toBe("odd_history");
    const error = userErrorOf(() => settle({ view: false, viewName: "x" }));
    expect(error.message).toContain("only one of them can be meant");
  });

  it("records every column and every TRUNCATE, for ever, unless told otherwise", () => {
    expect(settle({})).toEqual({ settings: plain, notes: [] });
  });

  it("leaves all as it was asked for before when nothing is asked for now", () => {
    expect(settle({}, { before: former })).toEqual({ settings: former, notes: [] });
    expect(settle({}, { before: former, defaults: otherDefaults }).settings).toEqual(former);
  });

  it.each<[string, CaptureWishes, Partial<CaptureSettings>]>([
    ["the exclusions", { exclude: ["email"] }, { exclude: { columns: [2], globs: [] } }],
    ["the exclusions, to none", { exclude: [] }, { exclude: noChoice }],
    ["the only columns", { only: ["api_token"] }, { only: { columns: [4], globs: [] } }],
    ["the only columns, to all", { only: [] }, { only: null }],
    ["the redactions", { redact: ["email", "api_*"] }, { redact: { columns: [2], globs: ["api_*"] } }],
    ["the redactions, to none", { redact: [] }, { redact: noChoice }],
    ["the view, to none", { view: false }, { viewName: null }],
    ["the view's name", { viewName: "{table}_log" }, { viewName: `${someTable().table}_log` }],
    ["the images", { images: "changes" }, { images: "changes" }],
    ["what TRUNCATE does", { onTruncate: "record" }, { onTruncate: "record" }],
    ["what becomes of oversize rows", { oversize: "fail" }, { oversize: "fail" }],
    ["the statement", { statement: false }, { keepsStatement: false }],
    ["the replica role", { always: false }, { always: false }],
    ["the retention", { retentionId: 9 }, { retentionId: 9 }],
  ])("changes only %s", (_, wishes, changed) => {
    const asked = { ...wishes, statementAnyway: true };
    expect(settle(asked, { before: former }).settings).toEqual({ ...former, ...changed });
    expect(settle(asked, { before: former, defaults: otherDefaults }).settings).toEqual({
      ...former,
      ...changed,
    });
  });

  it("takes the key it is given, whatever it was before", () => {
    const other: Key = { keyColumns: [2], keyFrom: "chosen" };
    const before = { ...former, ...keyless, exclude: { columns: [4], globs: [] } };
    expect(settle({}, { before, key: other }).settings).toEqual({ ...before, ...other });
  });

  it("refuses a key that was excluded or redacted before: every change would tell it", () => {
    const key: Key = { keyColumns: [2], keyFrom: "chosen" };
    for (const hidden of [
      { exclude: { columns: [2], globs: [] } },
      { redact: { columns: [], globs: ["e*l"] }, exclude: { columns: [], globs: [] } },
    ]) {
      const error = userErrorOf(() => settle({}, { before: { ...former, ...keyless, ...hidden }, key }));
      expect(error.message).toBe(
        "public.users: email is excluded or redacted and cannot be the key: every change would tell it.",
      );
    }
  });

  it("finds excluded columns by attribute number, in the table's order", () => {
    expect(settle({ exclude: ["api_token", "email"] }).settings.exclude).toEqual({
      columns: [2, 4],
      globs: [],
    });
  });

  it("remembers globs for columns added later, and names not", () => {
    expect(settle({ exclude: ["email", "*_TOKEN"] }).settings.exclude.globs).toEqual(["*_token"]);
    expect(settle({ redact: ["email", "*_TOKEN"] }).settings.redact.globs).toEqual(["*_token"]);
    expect(settle({ only: ["email", "*_TOKEN"] }).settings.only?.globs).toEqual(["*_token"]);
  });

  it.each(["exclude", "redact", "only"] as const)("notes a glob of --%s that matches nothing", (flag) => {
    expect(settle({ [flag]: ["secret_?"] })).toEqual({
      settings: { ...plain, [flag]: { columns: [], globs: ["secret_?"] } },
      notes: [`No column of public.users matches --${flag} secret_?.`],
    });
  });

  it("folds only ASCII letters of a glob, as the server does", () => {
    const facts = someTable({ columns: [column(1, "id"), column(2, "Äpfel_a")] });
    expect(settle({ exclude: ["Äpfel_*"] }, { facts }).settings.exclude).toMatchObject({
      globs: ["Äpfel_*"],
    });
  });

  it("takes a pattern that is a column's very name for that column alone", () => {
    const facts = someTable({ columns: [column(1, "id"), column(2, "what?"), column(3, "whats")] });
    expect(settle({ exclude: ["what?"] }, { facts }).settings.exclude).toEqual({ columns: [2], globs: [] });
  });
});

describe("settleCapture and the key", () => {
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

  it("refuses to redact the key, and says so in its own words", () => {
    expect(userErrorOf(() => settle({ redact: ["id"] })).message).toBe(
      '--redact: "id" is part of the key of public.users and cannot be redacted: a change finds its row by it.',
    );
  });

  it.each(["exclude", "redact"] as const)("refuses a glob of --%s that reaches the key", (flag) => {
    expect(userErrorOf(() => settle({ [flag]: ["*"] })).message).toMatch('"id" is part of the key');
  });

  it("lets --only name the key, which is recorded anyway", () => {
    expect(settle({ only: ["id", "email"] }).settings.only).toEqual({ columns: [1, 2], globs: [] });
    expect(settle({ only: ["*"] }).settings.only).toEqual({ columns: [], globs: ["*"] });
  });

  it("refuses an unknown column to --only", () => {
    expect(userErrorOf(() => settle({ only: ["emial"] })).message).toMatch(
      '--only: public.users has no column "emial". Did you mean "email"?',
    );
  });

  it("refuses nothing for the key's sake where there is none", () => {
    expect(settle({ exclude: ["id"], redact: ["*"] }, { key: keyless }).settings).toMatchObject({
      keyColumns: [],
      keyFrom: "none",
      exclude: { columns: [1], globs: [] },
    });
  });
});

describe("settleCapture by default", () => {
  it("gives a new table what the defaults say", () => {
    expect(settle({}, { defaults: otherDefaults })).toEqual({
      settings: {
        ...plain,
        exclude: { columns: [], globs: ["api_*"] },
        redact: { columns: [2], globs: [] },
        images: "lean",
        onTruncate: "record",
        oversize: "digest",
        always: true,
        retentionId: 3,
      },
      notes: [],
    });
  });

  it("lets what is asked for win", () => {
    const wishes: CaptureWishes = {
      exclude: [],
      redact: ["api_token"],
      images: "full",
      onTruncate: "capture",
      oversize: "fail",
      statement: false,
      always: false,
      retentionId: 9,
    };
    expect(settle(wishes, { defaults: { ...otherDefaults, statement: true } }).settings).toEqual({
      ...plain,
      redact: { columns: [4], globs: [] },
      images: "full",
      retentionId: 9,
    });
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ["a name", ["id", "email"], ["email"]],
    ["a name in quotes", ['"id"', "email"], ["email"]],
    ["a name in other letters", ["ID", "email"], ["email"]],
    ["a glob", ["i*", "*", "emai?"], ["emai?"]],
    ["a glob in other letters", ["I?", "EMAI?"], ["emai?"]],
    ["nothing but patterns", ["id", "*"], []],
  ])("spares the key of %s that would hit it, in silence", (_, patterns, left) => {
    const wanted = settle({ exclude: left }).settings.exclude;
    const { settings, notes } = settle({}, { defaults: { ...defaults, exclude: patterns } });
    expect(settings.exclude).toEqual(wanted);
    expect(notes).toEqual([]);
    expect(settle({}, { defaults: { ...defaults, redact: patterns } }).settings.redact).toEqual(wanted);
  });

  it("passes over names that this table has not", () => {
    const wide = { ...defaults, exclude: ["phone", "email"], redact: ["fax", "api_token"] };
    expect(settle({}, { defaults: wide }).settings).toMatchObject({
      exclude: { columns: [2], globs: [] },
      redact: { columns: [4], globs: [] },
    });
  });

  it("spares nothing where there is no key", () => {
    expect(settle({}, { key: keyless, defaults: { ...defaults, redact: ["id"] } }).settings.redact).toEqual({
      columns: [1],
      globs: [],
    });
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
