import { describe, expect, it } from "vitest";
import { planPatch } from "../../src/core/patch.ts";
import type { RepairTable } from "../../src/db/carryOut.ts";
import type { Relation } from "../../src/db/registry.ts";
import { type RepairPlan, repairJson, repairScript, repairText } from "../../src/output/repair.ts";
import { createStyle } from "../../src/output/style.ts";

const look = { style: createStyle(false), width: undefined };
const column = { type: "integer", generated: false, always: false, known: true, nullable: true };

const users: RepairTable = {
  ...{ oid: 1, schema: "public", table: "users", key: ["id"], references: [], uniques: [] },
  columns: ["id", "n"].map((name) => ({ ...column, name })),
  inherited: false,
  replaceable: true,
  differences: Array.from({ length: 22 }, (_, place) => ({
    ...{ kind: "inserted", key: String(place), new: { id: String(place), n: null } },
  })),
  relation: { id: 1, schema: "public", table: "users" } as Relation,
};

const trigger = {
  ...{ schema: "public", table: "users", name: "touch\x1b", always: false, switchable: true, records: false },
  events: ["insert"] as const,
};

const plan: RepairPlan = {
  kind: "restore",
  tables: [users],
  notes: ["column n\x1b is left alone"],
  obstacles: [],
  extra: {},
  triggers: [
    { trigger, fires: true },
    { trigger: { ...trigger, name: "rest" }, fires: false },
    { trigger: { ...trigger, table: "users_1", name: "leaf" }, fires: true },
  ],
  dependents: [
    { constraint: "fk", schema: "public", table: "orders", action: "deletes", rows: "1200" },
    { constraint: "fk2", schema: "public", table: "secret", action: "refuses", rows: null },
  ],
  sequences: [
    { schema: "public", name: "s", from: "3", to: "21", movable: true },
    { schema: "public", name: "t", from: null, to: "21", movable: false },
  ],
  timeZone: "UTC",
  patch: planPatch([users]),
  outcome: { deviations: [], others: [] },
  operation: undefined,
};

describe("repairText", () => {
  it("shows the first rows, what else happens, and how far it got", () => {
    const lines = repairText(plan, look).split("\n");
    expect([...lines.slice(0, 3), "…", ...lines.slice(22)].join("\n")).toMatchInlineSnapshot(`
      "note: column n\\x1b is left alone
      public.users  22 to insert
      + 0  id=0  n=null
      …
      … and 2 rows more (see -o sql, or --json)
      triggers that fire: touch\\x1b (insert)
      triggers that are skipped: rest (insert)
      trigger leaf of public.users_1 fires
      foreign key fk deletes: 1,200 rows of public.orders
      foreign key fk2 stands in the way: an unknown number of rows of public.secret
      sequence public.s moves from 3 to 21
      sequence public.t stands before 21, and may not be moved by you
      22 to insert. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply
      "
    `);
  });

  it("says what was done, what was not as asked for, and that nothing was to be done", () => {
    const operation = { id: "7", tag: "before-restore-7", tx: "99" };
    expect(repairText({ ...plan, operation }, look)).toMatch(
      /\n22 inserted\. This is operation 7; the state before it is tag:before-restore-7\n$/,
    );
    expect(repairText({ ...plan, tables: [] }, look)).toBe(
      "note: column n\\x1b is left alone\nNothing to do: all is as it was.\n",
    );
    const many = Array.from({ length: 12 }, (_, place) => ({
      ...({ kind: "absent", key: String(place), table: users } as const),
    }));
    const outcome = {
      deviations: [
        { kind: "value", key: "1", column: "n", wanted: null, found: undefined, table: users } as const,
        { kind: "present", key: null, table: users } as const,
        ...many,
      ],
      others: [{ schema: "public", table: "counts", insert: 1, update: 0, delete: 2000 }],
    };
    const obstacles = [{ message: "No." }];
    const text = repairText({ ...plan, outcome, obstacles }, look);
    expect(text).toContain("not as asked for: n of row 1 of public.users is not known instead of null\n");
    expect(text).toContain("not as asked for: row 7 of public.users is not there\n");
    expect(text).not.toContain("row 8 of public.users is not there");
    expect(text).toMatch(/\nand 5 more\nTried, and taken back: nothing was changed\.\n$/);
    expect(repairText({ ...plan, obstacles, outcome: undefined }, look)).toMatch(
      /\nNot tried: nothing was changed\.\n$/,
    );
    const { findings } = JSON.parse(repairJson({ ...plan, outcome }));
    expect(findings.at(-1)).toBe("other rows of public.counts change as well: 1 inserted, 2,000 deleted");
  });
});

it("repairScript guards, rests triggers and moves sequences", () => {
  const script = repairScript({
    ...plan,
    tables: [{ ...users, differences: users.differences.slice(0, 1) }],
  });
  for (const line of [
    "begin isolation level repeatable read;",
    "set local timezone = 'UTC';",
    "set constraints all deferred;",
    "alter table public.users disable trigger rest;",
    "alter table public.users enable trigger rest;",
    "select setval('public.s', 21);",
  ])
    expect(script.split("\n")).toContain(line);
  expect(script.startsWith("-- column n\\x1b is left alone\n")).toBe(true);
});
