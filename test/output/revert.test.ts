import { describe, expect, it } from "vitest";
import {
  conflictJson,
  conflictText,
  laterJson,
  laterText,
  type TableConflict,
} from "../../src/output/revert.ts";

const conflict: TableConflict = {
  ...{ schema: "public", table: "users", kind: "value", tx: "7", key: "42", column: "name", by: ["8", "9"] },
  ...{ written: "x", present: null, wanted: "Ada", overwritten: false },
};
const bare = { column: undefined, written: undefined, present: undefined, wanted: undefined } as const;

describe("conflictText", () => {
  it.each<[Partial<TableConflict>, string]>([
    [{}, "name of row 42 of public.users was Ada, tx:7 made it x, and tx:8, tx:9 made it null"],
    [
      { kind: "changed", by: [] },
      "name of row 42 of public.users, which tx:7 inserted, was x, and it is null now",
    ],
    [
      { kind: "changed", written: undefined, present: undefined, by: ["8"] },
      "name of row 42 of public.users, which tx:7 inserted, was not known, and tx:8 made it not known",
    ],
    [{ kind: "gone", ...bare }, "row 42 of public.users, which tx:7 changed, is gone (by tx:8, tx:9)"],
    [{ kind: "taken", ...bare, by: [] }, "row 42 of public.users is another one now than tx:7 found there"],
    [
      { kind: "moved", ...bare, written: "41", present: "42", by: ["8"] },
      "row 42 of public.users had key 41 when tx:7 left it (by tx:8)",
    ],
    [
      { column: "a\u0007b", present: { redacted: true } },
      "a\\x07b of row 42 of public.users was Ada, tx:7 made it x, and tx:8, tx:9 made it [redacted]",
    ],
  ])("%j", (some, text) => {
    expect(conflictText({ ...conflict, ...some })).toBe(text);
  });
});

it("conflictJson has a field for all that may be known", () => {
  expect(conflictJson(conflict)).toEqual({ ...conflict });
  expect(conflictJson({ ...conflict, ...bare, kind: "gone" })).toMatchObject({
    ...{ kind: "gone", column: null, written: null, present: null, wanted: null },
  });
});

it("laterText tells who came, and whether that is reverted, too", () => {
  const later = {
    tx: "8",
    at: "2026-11-26T10:00:00.000000+00:00",
    actor: null,
    dbUser: "app",
    rows: 2,
    reverted: false,
    operation: undefined,
  };
  expect(laterText(later)).toBe("tx:8 (2026-11-26T10:00:00.000000+00:00, app) came later to 2 of these rows");
  expect(laterText({ ...later, actor: "ana", reverted: true })).toBe(
    "tx:8 (2026-11-26T10:00:00.000000+00:00, ana) is reverted as well",
  );
  expect(laterText({ ...later, operation: { id: "15", kind: "undo" } })).toBe(
    "tx:8 (2026-11-26T10:00:00.000000+00:00, app, undo: operation 15) came later to 2 of these rows",
  );
  expect(laterJson(later)).toEqual({
    ...{ tx: "8", at: later.at, actor: null, db_user: "app", operation: null, rows: 2, reverted: false },
  });
});
