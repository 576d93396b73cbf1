import { beforeEach, describe, expect, it, vi } from "vitest";
import { runCli } from "../helpers/runCli.ts";

/** What the commands hand to their actions, in place of doing it. */
const received = vi.hoisted(() => ({
  calls: [] as { name: string; options: unknown }[],
  take(name: string) {
    return async (options: unknown) => {
      received.calls.push({ name, options });
    };
  },
}));

vi.mock("../../src/actions/init.ts", () => ({ runInit: received.take("init") }));
vi.mock("../../src/actions/enable.ts", () => ({ runEnable: received.take("enable") }));
vi.mock("../../src/actions/disable.ts", () => ({ runDisable: received.take("disable") }));
vi.mock("../../src/actions/status.ts", () => ({ runStatus: received.take("status") }));
vi.mock("../../src/actions/check.ts", () => ({ runCheck: received.take("check") }));
vi.mock("../../src/actions/sync.ts", () => ({ runSync: received.take("sync") }));
vi.mock("../../src/actions/tag.ts", () => ({ runTag: received.take("tag") }));
vi.mock("../../src/actions/tags.ts", () => ({ runTags: received.take("tags") }));
vi.mock("../../src/actions/history.ts", () => ({ runHistory: received.take("history") }));
vi.mock("../../src/actions/log.ts", () => ({ runLog: received.take("log") }));
vi.mock("../../src/actions/show.ts", () => ({ runShow: received.take("show") }));
vi.mock("../../src/actions/diff.ts", () => ({ runDiff: received.take("diff") }));
vi.mock("../../src/actions/atTime.ts", () => ({ runAtTime: received.take("at-time") }));
vi.mock("../../src/actions/query.ts", () => ({ runQuery: received.take("query") }));
vi.mock("../../src/actions/shell.ts", () => ({ runShell: received.take("shell") }));
vi.mock("../../src/actions/blame.ts", () => ({ runBlame: received.take("blame") }));
vi.mock("../../src/actions/retention.ts", () => ({
  runRetentionList: received.take("retention list"),
  runRetentionSet: received.take("retention set"),
}));
vi.mock("../../src/actions/defaults.ts", () => ({
  runDefaultsList: received.take("defaults list"),
  runDefaultsSet: received.take("defaults set"),
  runDefaultsUnset: received.take("defaults unset"),
}));
vi.mock("../../src/actions/restore.ts", () => ({ runRestore: received.take("restore") }));
vi.mock("../../src/actions/revert.ts", () => ({ runRevert: received.take("revert") }));
vi.mock("../../src/actions/undo.ts", () => ({ runUndo: received.take("undo") }));
vi.mock("../../src/actions/hold.ts", () => ({
  runHoldAdd: received.take("hold add"),
  runHoldList: received.take("hold list"),
  runHoldLift: received.take("hold lift"),
}));
vi.mock("../../src/actions/archiveRestore.ts", () => ({
  runArchiveRestore: received.take("archive restore"),
}));
vi.mock("../../src/actions/prune.ts", () => ({ runPrune: received.take("prune") }));
vi.mock("../../src/actions/archive.ts", () => ({ runArchiveWrite: received.take("archive write") }));
vi.mock("../../src/actions/archiveList.ts", () => ({ runArchiveList: received.take("archive list") }));
vi.mock("../../src/actions/archiveVerify.ts", () => ({ runArchiveVerify: received.take("archive verify") }));
vi.mock("../../src/actions/uninstall.ts", () => ({ runUninstall: received.take("uninstall") }));
vi.mock("../../src/actions/bench.ts", () => ({ runBench: received.take("bench") }));
vi.mock("../../src/actions/demo.ts", () => ({ runDemo: received.take("demo") }));

beforeEach(() => {
  received.calls = [];
});

type Case = [args: string[], options: object];

/** What --no-color and --no-pager leave behind, the latter where there is one. */
function defaultsOf(options: unknown): object {
  const pages = typeof options === "object" && options !== null && "pager" in options;
  return pages ? { color: true, pager: true } : { color: true };
}

/** Runs each command line and compares all that its action was given. */
function expectOptions(name: string, cases: Case[]): void {
  describe(name, () => {
    it.each(cases)("%j", async (args, options) => {
      expect(await runCli(args)).toEqual({ code: 0, stdout: "", stderr: "" });
      const [call] = received.calls;
      expect(received.calls).toEqual([{ name, options: { ...defaultsOf(call?.options), ...options } }]);
    });
  });
}

const now = { kind: "now", typed: "now" };
const twoHoursAgo = { kind: "relative", typed: "-2h", parts: [{ count: 2, unit: "hour" }] };
const thirtyDays = { text: "30 days", name: "30d", months: 0, days: 30, hours: 0 };
const users = { schema: undefined, table: "users" };

expectOptions("init", [
  [["init"], {}],
  [["init", "--dry-run"], { dryRun: true }],
  [
    ["init", "--database-url", "postgres://db/shop", "--audit-schema", "trail", "--json", "--verbose"],
    { databaseUrl: "postgres://db/shop", auditSchema: "trail", json: true, verbose: true },
  ],
  [["init", "--no-color"], { color: false }],
]);

expectOptions("enable", [
  [["enable", "users"], { tables: [users] }],
  [["enable", "Users", 'public."Odd.Name"'], { tables: [users, { schema: "public", table: "Odd.Name" }] }],
  [["enable", "--all"], { tables: [], all: true }],
  [["enable", "--schema", "sales"], { tables: [], schema: "sales" }],
  [["enable", "--all", "--schema", "sales"], { tables: [], all: true, schema: "sales" }],
  [
    ["enable", "users", "--exclude", "hair_color, *_token"],
    { tables: [users], exclude: ["hair_color", "*_token"] },
  ],
  [
    ["enable", "users", "--exclude", "a", "--exclude", '"b,c",d'],
    { tables: [users], exclude: ["a", '"b,c"', "d"] },
  ],
  [["enable", "users", "--exclude", ""], { tables: [users], exclude: [] }],
  [
    ["enable", "users", "--retain", "90d"],
    {
      tables: [users],
      retain: {
        kind: "interval",
        name: "90d",
        keep: { text: "90 days", name: "90d", months: 0, days: 90, hours: 0 },
      },
    },
  ],
  [["enable", "users", "--retain", "normal"], { tables: [users], retain: { kind: "class", name: "normal" } }],
  [
    ["enable", "users", "--retain", "forever"],
    { tables: [users], retain: { kind: "interval", name: "forever", keep: undefined } },
  ],
  [["enable", "users", "--on-truncate", "forbid"], { tables: [users], onTruncate: "forbid" }],
  [["enable", "users", "--only", "email,hair_*"], { tables: [users], only: ["email", "hair_*"] }],
  [["enable", "users", "--only", ""], { tables: [users], only: [] }],
  [
    ["enable", "users", "--redact", "iban", "--redact", "*_token"],
    { tables: [users], redact: ["iban", "*_token"] },
  ],
  [["enable", "users", "--redact", ""], { tables: [users], redact: [] }],
  [["enable", "users", "--images", "full"], { tables: [users], images: "full" }],
  [["enable", "users", "--images", "lean"], { tables: [users], images: "lean" }],
  [["enable", "users", "--images", "changes"], { tables: [users], images: "changes" }],
  [["enable", "users", "--oversize", "digest"], { tables: [users], oversize: "digest" }],
  [["enable", "users", "--oversize", "fail"], { tables: [users], oversize: "fail" }],
  [["enable", "users", "--key", 'Email,"Odd Name"'], { tables: [users], key: ["email", "Odd Name"] }],
  [["enable", "users", "--no-key"], { tables: [users], key: "none" }],
  [["enable", "--all", "--no-key"], { tables: [], all: true, key: "none" }],
  [["enable", "users", "--statement"], { tables: [users], statement: true }],
  [["enable", "users", "--no-statement"], { tables: [users], statement: false }],
  [
    ["enable", "users", "--statement", "--statement-anyway"],
    { tables: [users], statement: true, statementAnyway: true },
  ],
  [["enable", "users", "--view"], { tables: [users], view: true }],
  [["enable", "users", "--no-view"], { tables: [users], view: false }],
  [
    ["enable", "users", "--view-name", "{schema}_{table}_log"],
    { tables: [users], viewName: "{schema}_{table}_log" },
  ],
  [["enable", "users", "--always"], { tables: [users], always: true }],
  [["enable", "users", "--no-always"], { tables: [users], always: false }],
  [["enable", "users", "--dry-run"], { tables: [users], dryRun: true }],
  [["enable"], { tables: [] }],
]);

expectOptions("disable", [
  [["disable", "users", "public.orders"], { tables: [users, { schema: "public", table: "orders" }] }],
  [["disable", "--all", "--json"], { tables: [], all: true, json: true }],
  [["disable", "users", "--dry-run"], { tables: [users], dryRun: true }],
]);

expectOptions("status", [
  [["status"], {}],
  [["status", "users", "--tz", "Europe/Berlin"], { table: "users", tz: "Europe/Berlin" }],
  [["status", "--json"], { json: true }],
]);

expectOptions("check", [
  [["check"], {}],
  [["check", "--json", "--audit-schema", "trail"], { json: true, auditSchema: "trail" }],
]);

expectOptions("sync", [
  [["sync"], {}],
  [["sync", "--dry-run", "--json"], { dryRun: true, json: true }],
]);

expectOptions("revert", [
  [["revert", "tx:812"], { transactions: ["812"] }],
  [
    [
      ...["revert", "tx:0812", "tx:9", "tx:812", "--mode", "cascade", "--table", "users,orders", "--apply"],
      ...[
        "--reason",
        "oops",
        "--actor",
        "ana",
        "--triggers",
        "fire",
        "--skip-columns",
        "--allow-side-effects",
      ],
    ],
    {
      ...{
        transactions: ["812", "9"],
        mode: "cascade",
        table: ["users", "orders"],
        apply: true,
        reason: "oops",
      },
      ...{ actor: "ana", triggers: "fire", skipColumns: true, allowSideEffects: true },
    },
  ],
  [["revert", "tx:1", "-o", "sql"], { transactions: ["1"], output: "sql" }],
]);
expectOptions("undo", [
  [["undo"], { operation: undefined }],
  [["undo", "007", "--mode", "force", "--json"], { operation: "7", mode: "force", json: true }],
]);
expectOptions("restore", [
  [["restore", "users", "--to", "-2h"], { table: "users", key: [], to: twoHoursAgo }],
  [
    ["restore", "pair", "a=1", "b=x", "--to", "now", "--columns", "name,c*", "--apply", "--reason", "oops"],
    { table: "pair", key: ["a=1", "b=x"], to: now, columns: ["name", "c*"], apply: true, reason: "oops" },
  ],
  [
    [
      ...["restore", "users", "--to", "now", "--where", "id > 3", "--actor", "ana", "--triggers", "skip"],
      ...["--skip-columns", "--allow-side-effects", "-o", "sql", "--dry-run", "--tz", "UTC"],
    ],
    {
      ...{ table: "users", key: [], to: now, where: "id > 3", actor: "ana", triggers: "skip", tz: "UTC" },
      ...{ skipColumns: true, allowSideEffects: true, output: "sql", dryRun: true },
    },
  ],
]);

expectOptions("tag", [
  [["tag", "release/42"], { name: "release/42" }],
  [
    ["tag", "before-import", "--note", "price list, March", "--tz", "UTC", "--json"],
    { name: "before-import", note: "price list, March", tz: "UTC", json: true },
  ],
  [["tag", "old", "--delete", "--dry-run"], { name: "old", delete: true, dryRun: true }],
]);

expectOptions("tags", [
  [["tags"], {}],
  [
    ["tags", "--tz", "Europe/Berlin", "-o", "csv", "--wide"],
    { tz: "Europe/Berlin", output: "csv", wide: true },
  ],
  [["tags", "-o", "json", "--no-pager"], { output: "json", json: true, pager: false }],
]);

expectOptions("history", [
  [["history", "users"], { table: "users", key: [] }],
  [["history", "users", "42"], { table: "users", key: ["42"] }],
  [
    ["history", "relation:7", "region=eu", "number=3"],
    { table: "relation:7", key: ["region=eu", "number=3"] },
  ],
  [["history", "users", "-5"], { table: "users", key: ["-5"] }],
  [["history", "users", "--", "-2h", "--json"], { table: "users", key: ["-2h", "--json"] }],
  [["history", "users", "", " "], { table: "users", key: ["", " "] }],
  [
    ["history", "users", "--since", "-2h", "--until", "now"],
    { table: "users", key: [], since: twoHoursAgo, until: now },
  ],
  [["history", "users", "--since=-2h"], { table: "users", key: [], since: twoHoursAgo }],
  [
    ["history", "users", "--op", "insert,DELETE", "--op", "truncate"],
    { table: "users", key: [], op: ["insert", "delete", "truncate"] },
  ],
  [
    ["history", "users", "--actor", "app:7", "--limit", "10"],
    { table: "users", key: [], actor: "app:7", limit: 10 },
  ],
  [["history", "users", "--tz", "UTC", "--json"], { table: "users", key: [], tz: "UTC", json: true }],
  [
    ["history", "users", "--db-user", "shop", "--column", 'email,"Odd, Name"', "--column", "id"],
    { table: "users", key: [], dbUser: "shop", column: ["email", '"Odd, Name"', "id"] },
  ],
  [
    ["history", "users", "--range", "-2h..now"],
    { table: "users", key: [], range: { from: twoHoursAgo, to: now } },
  ],
  [
    ["history", "users", "--range", "..now"],
    { table: "users", key: [], range: { from: undefined, to: now } },
  ],
  [
    ["history", "users", "--where", "op = 'update'", "--grep", "a,b"],
    { table: "users", key: [], where: "op = 'update'", grep: "a,b" },
  ],
  [
    ["history", "users", "--context", "a=b=c,d", "--context", "e="],
    {
      table: "users",
      key: [],
      context: [
        { key: "a", value: "b=c,d" },
        { key: "e", value: "" },
      ],
    },
  ],
  [
    ["history", "users", "--limit", "5", "--reverse", "--schema", "then"],
    { table: "users", key: [], limit: 5, reverse: true, schema: "then" },
  ],
  [["history", "users", "7", "--plot", "price"], { table: "users", key: ["7"], plot: "price" }],
]);

expectOptions("log", [
  [["log"], { tables: [] }],
  [["log", "--archive", "s3://b/p"], { tables: [], archive: "s3://b/p" }],
  [["log", "users", "relation:7"], { tables: ["users", "relation:7"] }],
  [["log", "--actor", "ana", "--since", "-2h"], { tables: [], actor: "ana", since: twoHoursAgo }],
  [
    ["log", "--range", "-2h..now", "--op", "delete", "--column", "name", "--limit", "5", "--reverse"],
    {
      tables: [],
      range: { from: twoHoursAgo, to: now },
      op: ["delete"],
      column: ["name"],
      limit: 5,
      reverse: true,
    },
  ],
  [
    ["log", "--where", "op = 'insert'", "--grep", "x", "--context", "a=b=c", "--db-user", "shop", "--json"],
    {
      tables: [],
      where: "op = 'insert'",
      grep: "x",
      context: [{ key: "a", value: "b=c" }],
      dbUser: "shop",
      json: true,
    },
  ],
]);

expectOptions("show", [
  [["show", "4711"], { what: { kind: "change", id: "4711" } }],
  [["show", "tx:812", "--schema", "then"], { what: { kind: "tx", id: "812" }, schema: "then" }],
  [["show", "change:4711", "--tz", "UTC"], { what: { kind: "change", id: "4711" }, tz: "UTC" }],
  [
    ["show", "tx:812", "--op", "insert,update", "--column", "a,b", "--limit", "3", "--json"],
    {
      what: { kind: "tx", id: "812" },
      op: ["insert", "update"],
      column: ["a", "b"],
      limit: 3,
      json: true,
    },
  ],
]);

const sinceTwoHours = { kind: "between", from: twoHoursAgo, to: undefined };

expectOptions("blame", [
  [["blame", "users", "42"], { table: "users", key: ["42"] }],
  [["blame", "order_items", "3", "7"], { table: "order_items", key: ["3", "7"] }],
  [
    ["blame", "users", "id=42", "--column", 'email,"Odd,Name"', "--column", "hair_*"],
    { table: "users", key: ["id=42"], column: ["email", '"Odd,Name"', "hair_*"] },
  ],
  [
    ["blame", "users", "42", "--at", "-2h", "--tz", "UTC", "--json"],
    { table: "users", key: ["42"], at: twoHoursAgo, tz: "UTC", json: true },
  ],
]);

expectOptions("diff", [
  [["diff", "users", "--from", "-2h"], { table: "users", key: [], span: sinceTwoHours }],
  [
    ["diff", "users", "1", "2", "--from", "-2h", "--to", "now"],
    { table: "users", key: ["1", "2"], span: { kind: "between", from: twoHoursAgo, to: now } },
  ],
  [
    ["diff", "users", "--from", "yesterday 17:00", "--json"],
    {
      table: "users",
      key: [],
      span: {
        kind: "between",
        from: { kind: "day", typed: "yesterday 17:00", day: "yesterday", time: "17:00" },
        to: undefined,
      },
      json: true,
    },
  ],
  [
    ["diff", "users", "--range", "-2h..now"],
    { table: "users", key: [], span: { kind: "between", from: twoHoursAgo, to: now } },
  ],
  [["diff", "users", "--range", "-2h.."], { table: "users", key: [], span: sinceTwoHours }],
  [
    ["diff", "--all", "--from", "-2h", "--net"],
    { table: undefined, key: [], all: true, span: sinceTwoHours },
  ],
  [
    ["diff", "--schema", "sales", "--from=-2h", "--each", "--stat"],
    { table: undefined, key: [], schema: "sales", span: sinceTwoHours, each: true, stat: true },
  ],
  [
    ["diff", "--tx", "4711", "--summary", "--exit-code"],
    {
      table: undefined,
      key: [],
      span: { kind: "tx", tx: { kind: "tx", typed: "tx:4711", id: "4711", before: false } },
      summary: true,
      exitCode: true,
    },
  ],
  [
    ["diff", "users", "42", "--tx", "tx:4711", "-o", "sql"],
    {
      table: "users",
      key: ["42"],
      span: { kind: "tx", tx: { kind: "tx", typed: "tx:4711", id: "4711", before: false } },
      output: "sql",
    },
  ],
]);

expectOptions("query", [
  [
    ["query", "--at", "now", "select 1"],
    { at: now, source: { kind: "text", text: "select 1" }, present: [] },
  ],
  [["query", "--at", "-2h", "-"], { at: twoHoursAgo, source: { kind: "stdin" }, present: [] }],
  [
    ["query", "--at", "now", "--file", "report.sql", "--json"],
    { at: now, source: { kind: "file", path: "report.sql" }, present: [], json: true },
  ],
  [
    ["query", "select 1", "--at=now", "--present", 'users,public."A,b"', "--present", "c", "--tz", "UTC"],
    {
      at: now,
      source: { kind: "text", text: "select 1" },
      present: [users, { schema: "public", table: "A,b" }, { schema: undefined, table: "c" }],
      tz: "UTC",
    },
  ],
]);

expectOptions("shell", [
  [["shell", "--at", "-2h"], { at: twoHoursAgo, present: [] }],
  [["shell", "--at", "now", "--present", "users", "--json"], { at: now, present: [users], json: true }],
  [
    ["shell", "--at=-2h", "-o", "markdown", "--no-pager", "--tz", "UTC"],
    { at: twoHoursAgo, present: [], output: "markdown", pager: false, tz: "UTC" },
  ],
]);

expectOptions("at-time", [
  [["at-time", "now", "users"], { when: now, table: "users", key: [] }],
  [
    ["at-time", "--archive", "/mnt/a", "-2h", "users"],
    { when: twoHoursAgo, table: "users", key: [], archive: "/mnt/a" },
  ],
  [["at-time", "-2h", "users"], { when: twoHoursAgo, table: "users", key: [] }],
  [["at-time", "--json", "-2h", "users"], { when: twoHoursAgo, table: "users", key: [], json: true }],
  [["at-time", "--tz", "UTC", "-2h", "users"], { when: twoHoursAgo, table: "users", key: [], tz: "UTC" }],
  [["at-time", "--", "-2h", "users", "-3h"], { when: twoHoursAgo, table: "users", key: ["-3h"] }],
  [["at-time", "-2h", "users", "-5"], { when: twoHoursAgo, table: "users", key: ["-5"] }],
  [
    ["at-time", "2 days ago", "users", "42"],
    {
      when: { kind: "relative", typed: "2 days ago", parts: [{ count: 2, unit: "day" }] },
      table: "users",
      key: ["42"],
    },
  ],
  [
    ["at-time", "2026-11-20T17:00:00.123456+01", "users"],
    {
      when: {
        kind: "absolute",
        typed: "2026-11-20T17:00:00.123456+01",
        date: "2026-11-20",
        time: "17:00:00.123456",
        offset: "+01:00",
      },
      table: "users",
      key: [],
    },
  ],
]);

expectOptions("at-time", [
  [["at-time", "now", "users", "-o", "csv"], { when: now, table: "users", key: [], output: "csv" }],
  [["at-time", "now", "users", "--output=table"], { when: now, table: "users", key: [], output: "table" }],
  [["at-time", "now", "users", "--json"], { when: now, table: "users", key: [], json: true }],
  [
    ["at-time", "now", "users", "-o", "json"],
    { when: now, table: "users", key: [], output: "json", json: true },
  ],
  [
    ["at-time", "-o", "ndjson", "-2h", "users", "--wide", "--no-pager"],
    { when: twoHoursAgo, table: "users", key: [], output: "ndjson", wide: true, pager: false },
  ],
]);

expectOptions("archive restore", [
  [["archive", "restore", "/mnt/a"], { target: "/mnt/a", for: thirtyDays }],
  [
    ["archive", "restore", "/mnt/a", "--segment", "3,4", "--segment", "7", "--for", "7d", "--dry-run"],
    {
      target: "/mnt/a",
      segment: [3, 4, 7],
      for: { text: "7 days", name: "7d", months: 0, days: 7, hours: 0 },
      dryRun: true,
    },
  ],
  [
    ["archive", "restore", "/mnt/a", "--table", "users", "--since", "-2h", "--until", "now", "--json"],
    { target: "/mnt/a", table: "users", since: twoHoursAgo, until: now, for: thirtyDays, json: true },
  ],
]);

expectOptions("retention list", [
  [["retention"], {}],
  [["retention", "--json"], { json: true }],
  [["retention", "list", "--audit-schema", "trail"], { auditSchema: "trail" }],
]);

expectOptions("retention set", [
  [["retention", "set", "normal", "90d"], { name: "normal", keep: "90 days" }],
  [["retention", "set", "normal", "18 months"], { name: "normal", keep: "1 year 6 months" }],
  [["retention", "set", "normal", "forever", "--dry-run"], { name: "normal", keep: null, dryRun: true }],
  [
    ["retention", "set", "normal", "2y", "--floor", "18 months"],
    { name: "normal", keep: "2 years", floor: "1 year 6 months" },
  ],
  [["retention", "set", "normal", "2y", "--floor", "none"], { name: "normal", keep: "2 years", floor: null }],
  [
    ["retention", "set", "normal", "1y", "--rotate", "1 month", "--rotate-size", "10GB"],
    { name: "normal", keep: "1 year", rotate: "1 month", rotateBytes: 10_737_418_240 },
  ],
  [
    ["retention", "set", "forever", "forever", "--rotate", "default", "--rotate-size", "none"],
    { name: "forever", keep: null, rotate: null, rotateBytes: null },
  ],
]);

expectOptions("defaults list", [
  [["defaults"], {}],
  [["defaults", "--json"], { json: true }],
  [["defaults", "list", "--audit-schema", "trail"], { auditSchema: "trail" }],
]);

expectOptions("defaults set", [
  [["defaults", "set"], {}],
  [
    ["defaults", "set", "--exclude", "*_token,hair_color", "--exclude", "iris", "--redact", "pass*"],
    { exclude: ["*_token", "hair_color", "iris"], redact: ["pass*"] },
  ],
  [["defaults", "set", "--exclude", "", "--dry-run"], { exclude: [], dryRun: true }],
  [
    ["defaults", "set", "--images", "full", "--on-truncate", "record", "--oversize", "digest"],
    { images: "full", onTruncate: "record", oversize: "digest" },
  ],
  [["defaults", "set", "--statement", "--always"], { statement: true, always: true }],
  [["defaults", "set", "--no-statement", "--no-always"], { statement: false, always: false }],
  [["defaults", "set", "--retain", "normal"], { retain: { kind: "class", name: "normal" } }],
]);

expectOptions("defaults unset", [
  [["defaults", "unset", "exclude", "on-truncate"], { names: ["exclude", "on-truncate"] }],
  [["defaults", "unset", "retain", "--dry-run", "--json"], { names: ["retain"], dryRun: true, json: true }],
]);

expectOptions("hold add", [
  [
    ["hold", "add", "case/1", "--table", "users", "--key", "42", "--reason", "suit 7 O 12"],
    { name: "case/1", table: "users", key: ["42"], reason: "suit 7 O 12" },
  ],
  [
    ["hold", "add", "c", "--table", "relation:3", "--key", "a=1", "b=2", "--actor", "app:7", "--reason", "r"],
    { name: "c", table: "relation:3", key: ["a=1", "b=2"], actor: "app:7", reason: "r" },
  ],
  [
    [
      "hold",
      "add",
      "c",
      "--table",
      "users",
      "--key=-5",
      "--reason",
      "r",
      "--dry-run",
      "--json",
      "--tz",
      "UTC",
    ],
    { name: "c", table: "users", key: ["-5"], reason: "r", dryRun: true, json: true, tz: "UTC" },
  ],
  [["hold", "add", "c", "--actor", "ana", "--reason", "r"], { name: "c", actor: "ana", reason: "r" }],
]);

expectOptions("hold list", [
  [["hold"], {}],
  [["hold", "list", "--all", "-o", "csv", "--tz", "UTC"], { all: true, output: "csv", tz: "UTC" }],
]);

expectOptions("hold lift", [
  [["hold", "lift", "case/1", "--reason", "settled"], { name: "case/1", reason: "settled" }],
  [["hold", "lift", "c", "--reason", "r", "--dry-run"], { name: "c", reason: "r", dryRun: true }],
]);

expectOptions("archive write", [
  [["archive", "/mnt/x"], { target: "/mnt/x" }],
  [["archive", "write", "list"], { target: "list" }],
  [
    ["archive", "s3://b/p", "--format", "ndjson", "--compression", "none", "--dry-run"],
    { target: "s3://b/p", format: "ndjson", compression: "none", dryRun: true },
  ],
  [
    ["archive", "x", "--quiet", "--if-locked", "wait", "--max-duration", "10m"],
    {
      target: "x",
      quiet: true,
      ifLocked: "wait",
      maxDuration: { text: "10 minutes", milliseconds: 600_000 },
    },
  ],
]);

expectOptions("archive list", [
  [["archive", "list", "x"], { target: "x" }],
  [["archive", "list", "x", "-o", "csv", "--tz", "UTC"], { target: "x", output: "csv", tz: "UTC" }],
]);

expectOptions("archive verify", [
  [["archive", "verify", "x", "--json"], { target: "x", json: true }],
  [["archive", "verify", "x", "--offline"], { target: "x", offline: true }],
]);

expectOptions("prune", [
  [["prune", "--archive", "/mnt/x", "--format", "parquet"], { archive: "/mnt/x", format: "parquet" }],
  [["prune"], {}],
  [["prune", "--exact"], { exact: true }],
  [["prune", "--exact", "--dry-run"], { exact: true, dryRun: true }],
  [["prune", "--dry-run", "--json", "--tz", "UTC"], { dryRun: true, json: true, tz: "UTC" }],
  [["prune", "--quiet", "--if-locked", "skip"], { quiet: true, ifLocked: "skip" }],
  [["prune", "--max-duration", "10m"], { maxDuration: { text: "10 minutes", milliseconds: 600_000 } }],
  [
    ["prune", "--heartbeat-url", "https://example.test/a?b=c"],
    { heartbeatUrl: new URL("https://example.test/a?b=c") },
  ],
]);

expectOptions("uninstall", [
  [["uninstall"], {}],
  [["uninstall", "--confirm", "shop"], { confirm: "shop" }],
  [["uninstall", "--dry-run"], { dryRun: true }],
]);

expectOptions("bench", [
  [["bench", "users"], { table: users, rows: 10_000, rounds: 5 }],
  [
    [
      "bench",
      'public."Odd.Name"',
      "--rows",
      "500",
      "--rounds",
      "3",
      "--images",
      "lean",
      "--dry-run",
      "--json",
    ],
    {
      table: { schema: "public", table: "Odd.Name" },
      rows: 500,
      rounds: 3,
      images: "lean",
      dryRun: true,
      json: true,
    },
  ],
]);

expectOptions("demo", [
  [["demo"], {}],
  [["demo", "--keep", "--database-url", "postgres://db/"], { keep: true, databaseUrl: "postgres://db/" }],
]);

it("starts only the command that was asked for", async () => {
  await runCli(["status"]);
  await runCli(["prune"]);
  expect(received.calls.map(({ name }) => name)).toEqual(["status", "prune"]);
});
