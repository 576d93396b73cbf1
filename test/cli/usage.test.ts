import { afterEach, describe, expect, it, vi } from "vitest";
import { withDatabase } from "../../src/connection/connect.ts";
import { runCli } from "../helpers/runCli.ts";

/** Nothing may come as far as the database. */
vi.mock("../../src/connection/connect.ts", async (original) => ({
  ...(await original<typeof import("../../src/connection/connect.ts")>()),
  withDatabase: vi.fn(async () => {
    throw new Error("a command with a usage error went to the database");
  }),
}));
vi.mock("../../src/actions/demo.ts", () => ({
  runDemo: async () => {
    throw new Error("a command with a usage error ran the demo");
  },
}));

afterEach(() => {
  expect(withDatabase).not.toHaveBeenCalled();
  vi.mocked(withDatabase).mockClear();
});

/** Exit 2, nothing on stdout, and on stderr one error with what to do next. */
async function expectUsageError(args: readonly string[], message: string | RegExp): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: [^\n]+\n/);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^ +at /m);
  return stderr;
}

describe("what query refuses", () => {
  it.each<[string[], string]>([
    [["query", "--at", "now"], "There is no query."],
    [["query", "--at", "now", "select 1", "--file", "x.sql"], "The query is given twice"],
    [["query", "--at", "now", "select 1; select 2"], "Only one statement can be run"],
    [["query", "--at", "now", "drop table users"], '"drop" begins none of these.'],
  ])("%j", async (args, message) => {
    await expectUsageError(args, message);
  });
});

describe("what prune refuses", () => {
  it.each<[string[], string]>([
    [["--if-locked", "ask"], "--if-locked <what>"],
    [["--max-duration", "10"], '"10" has no unit'],
    [["--max-duration", "1y"], "a run is not measured in years"],
    [["--heartbeat-url", "monitor"], "What --heartbeat-url was given is no http or https address."],
    [["--dry-run", "--quiet"], "so --quiet has no meaning beside it"],
    [["--dry-run", "--if-locked", "skip"], "so --if-locked has no meaning beside it"],
    [["--dry-run", "--max-duration", "1h"], "so --max-duration has no meaning beside it"],
    [["--dry-run", "--heartbeat-url", "http://example.test"], "so --heartbeat-url has no meaning beside it"],
  ])("%j", async (args, message) => {
    await expectUsageError(["prune", ...args], message);
  });

  it("--quiet beside --json", async () => {
    const { code, stdout, stderr } = await runCli(["prune", "--quiet", "--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { message: "--quiet prints nothing, --json a document." },
    });
  });
});

describe("what hold and floors refuse", () => {
  it.each<[string[], string]>([
    [["hold", "add", "c", "--reason", "r"], "neither --table nor --actor is given"],
    [
      ["hold", "add", "c", "--key", "1", "--reason", "r"],
      "--key names a row, but of which table is not said.",
    ],
    [["hold", "add", "c", "--actor", " ", "--reason", "r"], "--actor is empty."],
    [["hold", "add", "c", "--table", "users", "--reason", " "], "--reason is empty."],
    [["hold", "add", "c", "--table", "users"], "Required option '--reason <text>' not specified."],
    [["hold", "add", "a b", "--table", "users", "--reason", "r"], '" " cannot be part of the name of a hold'],
    [["hold", "add", "", "--table", "users", "--reason", "r"], "it is empty"],
    [["hold", "lift", "-c", "--reason", "r"], "Unknown option '-c'."],
    [["hold", "lift", "c"], "Required option '--reason <text>' not specified."],
    [["hold", "lift", "c", "--reason", ""], "--reason is empty."],
    [
      ["retention", "set", "normal", "1y", "--floor", "forever"],
      "A floor of forever would leave no other choice.",
    ],
    [["retention", "set", "normal", "1y", "--floor", "low"], "not a retention interval"],
  ])("%j", async (args, message) => {
    await expectUsageError(args, message);
  });
});

describe("what commander refuses", () => {
  it.each<[string[], string]>([
    [["enabel", "users"], "Unknown command 'enabel' (Did you mean enable?)"],
    [["at"], "Unknown command 'at'."],
    [["attime", "now", "users"], "Unknown command 'attime' (Did you mean at-time?)"],
    [["history"], "Missing required argument 'table'."],
    [["at-time"], "Missing required argument 'when'."],
    [["at-time", "now"], "Missing required argument 'table'."],
    [
      ["diff", "users", "--from", "now", "--range", "-2h..now"],
      "Option '--range <A..B>' cannot be used with option '--from <when>'.",
    ],
    [
      ["diff", "users", "--tx", "12", "--to", "now"],
      "Option '--tx <id>' cannot be used with option '--to <when>'.",
    ],
    [
      ["diff", "users", "--from", "now", "--net", "--each"],
      "Option '--net' cannot be used with option '--each'.",
    ],
    [
      ["diff", "users", "--from", "now", "--stat", "--summary"],
      "Option '--stat' cannot be used with option '--summary'.",
    ],
    [["retention", "set", "normal"], "Missing required argument 'interval'."],
    [
      ["retention", "set", "normal", "90d", "more"],
      "Too many arguments for 'set'. Expected 2 arguments but got 3.",
    ],
    [["retention", "normal"], "Too many arguments for 'list'. Expected 0 arguments but got 1."],
    [["init", "shop"], "Too many arguments for 'init'. Expected 0 arguments but got 1."],
    [["prune", "users"], "Too many arguments for 'prune'. Expected 0 arguments but got 1."],
    [["uninstall", "shop"], "Too many arguments for 'uninstall'. Expected 0 arguments but got 1."],
    [["status", "users", "orders"], "Too many arguments for 'status'. Expected 1 argument but got 2."],
    [["demo", "shop"], "Too many arguments for 'demo'. Expected 0 arguments but got 1."],
    [["status", "--jsno"], "Unknown option '--jsno' (Did you mean --json?)"],
    [["status", "--dry-run"], "Unknown option '--dry-run'."],
    [["prune", "--apply"], "Unknown option '--apply'."],
    [["demo", "--dry-run"], "Unknown option '--dry-run'."],
    [["query", "select 1"], "Required option '--at <when>' not specified."],
    [["shell"], "Required option '--at <when>' not specified."],
    [["bench"], "Missing required argument 'table'."],
    [["status", "-x"], "Unknown option '-x'."],
    [["history", "users", "-2h"], "Unknown option '-2h'."],
    [["at-time", "now", "users", "-2h"], "Unknown option '-2h'."],
    [["status", "--tz"], "Option '--tz <zone>' argument missing."],
    [["status", "--database-url"], "Option '--database-url <url>' argument missing."],
    [["uninstall", "--confirm"], "Option '--confirm <database>' argument missing."],
    [["--verbose"], "Unknown option '--verbose'."],
    [
      ["enable", "users", "--on-truncate", "ignore"],
      "Option '--on-truncate <how>' argument 'ignore' is invalid. Allowed choices are capture, record, forbid.",
    ],
    [
      ["enable", "users", "--images", "whole"],
      "Option '--images <what>' argument 'whole' is invalid. Allowed choices are changes, full, lean.",
    ],
    [
      ["enable", "users", "--oversize", "drop"],
      "Option '--oversize <how>' argument 'drop' is invalid. Allowed choices are fail, digest.",
    ],
    [
      ["at-time", "now", "users", "-o", "xml"],
      "Option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, json, ndjson, csv, markdown.",
    ],
    [["at-time", "now", "users", "-o"], "Option '-o, --output <format>' argument missing."],
    [["status", "-o", "csv"], "Unknown option '-o'."],
    [["enable", "users", "--key"], "Option '--key <columns>' argument missing."],
    [["enable", "users", "--redact"], "Option '--redact <columns>' argument missing."],
    [["history", "users", "--limit", "0"], `argument '0' is invalid. "0" is not a positive whole number.`],
    [["history", "users", "--limit", "-1"], `argument '-1' is invalid. "-1" is not a positive whole number.`],
    [
      ["history", "users", "--limit", "1e3"],
      `argument '1e3' is invalid. "1e3" is not a positive whole number.`,
    ],
    [["history", "users", "--limit", "1234567890"], `"1234567890" is not a positive whole number.`],
    [
      ["history", "users", "--op", "upsert"],
      `argument 'upsert' is invalid. "upsert" is not an operation. Write insert, update, delete, truncate.`,
    ],
  ])("%j", async (args, message) => {
    const stderr = await expectUsageError(args, message);
    expect(stderr).toMatch(/\nSee audit --help, or audit help <command>\.\n$/);
  });
});

describe("what our grammars refuse", () => {
  it.each<[string[], string | RegExp]>([
    [
      ["enable", "a.b.c"],
      /^error: "a\.b\.c" is not a table name: .*\n {2}a\.b\.c\n {6}\^\nWrite it as users/,
    ],
    [["enable", "users", ""], '"" is not a table name: it is empty.'],
    [["disable", '"open'], '""open" is not a table name: the quote opened here is never closed.'],
    [["enable", "x".repeat(64)], "this name has 64 bytes, and PostgreSQL keeps no more than 63"],
    [["at-time", "01/02/2026", "users"], "which part is the day and which the month cannot be known"],
    [["at-time", "-2", "users"], '"-2" is not an instant we can use'],
    [["at-time", "tomorrow", "users"], "lies in the future, and only the past is recorded"],
    [["at-time", "", "users"], '"" is not an instant we can use: it is empty.'],
    [["history", "users", "--since", "90"], "a bare number could be seconds, days, a year or an id"],
    [["history", "users", "--until", "yesteday"], 'did you mean "yesterday"?'],
    [["diff", "users"], "From which instant on is not said."],
    [["diff", "users", "--to", "now"], "From which instant on is not said."],
    [["diff", "users", "--range", "..now"], "From which instant on is not said."],
    [["diff", "users", "--range", "now"], "its two dots are missing"],
    [["diff", "--from", "now"], /No table is named\.\n.*--all for every audited table/],
    [["diff", "users", "--all", "--from", "now"], "only one of them can be meant"],
    [["diff", "users", "--schema", "sales", "--tx", "12"], "only one of them can be meant"],
    [["diff", "--tx", "yesterday"], '"yesterday" does not name a transaction.'],
    [["diff", "--tx", "before:tx:12"], '"before:tx:12" does not name a transaction.'],
    [["diff", "users", "--from", "now", "-o", "sql", "--each"], "it cannot go with --each"],
    [["diff", "users", "--from", "now", "-o", "sql", "--summary"], "it cannot go with --summary"],
    [["diff", "users", "--from", "2026-02-30"], "2026-02 has no day 30"],
    [["diff", "users", "--from", "now", "--to", "25:00"], "a time alone does not say which day"],
    [["enable", "users", "--key", '"open'], '""open" is not'],
    [["enable", "users", "--retain", "90m"], "neither a retention class nor an interval"],
    [["enable", "users", "--retain", "0d"], "it would keep nothing"],
    [["retention", "set", "normal", "often"], "not a retention interval"],
    [["retention", "set", "normal", "1y", "--rotate", "10m"], "not an interval of rotation"],
    [["retention", "set", "normal", "1y", "--rotate-size", "10"], '"10" is not a size: "10" has no unit.'],
    [["retention", "set", "Normal!", "90d"], "the name of a class is made of a to z"],
    [["status", "--tz", "+02:00"], '"+02:00" is not the name of a time zone.'],
    [["prune", "--tz", "Mars/Base 1"], '"Mars/Base 1" is not the name of a time zone.'],
  ])("%j", async (args, message) => {
    await expectUsageError(args, message);
  });
});

describe("what the commands refuse before they look at the database", () => {
  it.each<[string[], string]>([
    [["enable"], "No table is named."],
    [["enable", "users", "--all"], "only one of them can be meant"],
    [["enable", "users", "--schema", "sales"], "only one of them can be meant"],
    [["enable", "users", "orders", "--key", "email"], "--key names the columns of one table."],
    [["enable", "--all", "--key", "email"], "--key names the columns of one table."],
    [["disable"], "No table is named."],
    [["disable", "users", "--all"], "Tables are named and --all is given; only one of them can be meant."],
    [["retention", "set", "forever", "90d"], 'The class "forever" keeps for ever.'],
    [["retention", "set", "90d", "30d"], "is named after an interval and keeps just that"],
  ])("%j", async (args, message) => {
    await expectUsageError(args, message);
  });
});

it("prints the help on stderr when no command is given", async () => {
  const { code, stdout, stderr } = await runCli([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^Usage: audit /);
});

it("says which command is unknown when help is asked for it", async () => {
  const { code, stdout, stderr } = await runCli(["help", "enabel"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: Unknown command 'enabel' \(Did you mean enable\?\)\n/);
});

describe("with --json", () => {
  it.each<[string[]]>([
    [["enable", "--json"]],
    [["enable", "a.b.c", "--json"]],
    [["history", "--json"]],
    [["at-time", "90", "users", "--json"]],
    [["status", "--json", "--jsno"]],
    [["at-time", "90", "users", "-o", "json"]],
    [["at-time", "90", "users", "-ojson"]],
    [["at-time", "90", "users", "--output", "json"]],
    [["at-time", "90", "users", "--output=json"]],
    [["at-time", "now", "users", "--json", "-o", "csv"]],
    [["enabel", "--json"]],
    [["history", "users", "--op", "x", "--json", "--verbose"]],
  ])("%j is one JSON object on stderr", async (args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^\{[^\n]*\}\n$/);
    const { version, error } = JSON.parse(stderr);
    expect(version).toBe(1);
    expect(error).toMatchObject({ exit_code: 2, message: expect.stringMatching(/./) });
  });

  it("refuses another form beside it", async () => {
    for (const args of [
      ["--json", "-o", "csv"],
      ["-ocsv", "--json"],
    ]) {
      const { code, stdout, stderr } = await runCli(["at-time", "now", "users", ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(JSON.parse(stderr).error.message).toBe(
        "--json and -o csv are given; only one of them can be meant.",
      );
    }
  });

  it("is words again where --json is a value behind --", async () => {
    const { code, stderr } = await runCli(["at-time", "90", "users", "--", "--json"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: /);
  });
});
