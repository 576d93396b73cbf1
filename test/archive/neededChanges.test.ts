import { describe, expect, it } from "vitest";
import { type ArchivedChange, archivedColumns } from "../../src/archive/change.ts";
import { testOf } from "../../src/archive/coldFilter.ts";
import type { ArchivedFile } from "../../src/archive/manifest.ts";
import { filterOf, isNeeded, mayHold, partsOf, type SettledNeed } from "../../src/archive/neededChanges.ts";

function change(given: Partial<Record<(typeof archivedColumns)[number], string | null>>): ArchivedChange {
  const whole: Record<string, string | null> = {
    id: "50",
    at: "2026-03-15 12:00:00+00",
    began: "2026-03-15 11:59:59+00",
    xid: "700",
    relation: "1",
    key: "42",
    old_key: null,
    ...given,
  };
  return archivedColumns.map((name) => whole[name] ?? null);
}

function file(given: Partial<ArchivedFile>): ArchivedFile {
  return {
    ...{
      path: "p",
      relation: 1,
      month: "2026-03",
      format: "parquet",
      compression: "gzip",
      changes: 9,
      bytes: 9,
    },
    ...{ sha256: "", content: "", firstId: "10", lastId: "90" },
    ...{
      firstAt: "2026-03-01 00:00:00+00",
      lastAt: "2026-03-31 00:00:00+00",
      firstBegan: "2026-03-01 00:00:00+00",
    },
    ...given,
  };
}

const noon = "2026-03-15 12:00:00+00";
const one = new Set([1]);

describe("a change is needed", () => {
  const cases: [why: string, need: SettledNeed, given: Parameters<typeof change>[0], needed: boolean][] = [
    ["of any table", {}, {}, true],
    ["of a table asked for", { relations: one }, {}, true],
    ["not of another", { relations: one }, { relation: "2" }, false],
    ["at the instant since which", { since: { at: noon } }, {}, true],
    [
      "not before it, to the microsecond",
      { since: { at: noon } },
      { at: "2026-03-15 11:59:59.999999+00" },
      false,
    ],
    [
      "before a tag's, with a later number",
      { since: { at: noon, id: 50n } },
      { at: "2026-03-15 09:00:00+00" },
      true,
    ],
    [
      "not before it with a smaller one",
      { since: { at: noon, id: 51n } },
      { at: "2026-03-15 09:00:00+00" },
      false,
    ],
    ["by the instant until which", { until: { at: noon } }, {}, true],
    ["not after it", { until: { at: noon } }, { at: "2026-03-15 12:00:00.000001+00" }, false],
    [
      "before a tag by its number alone",
      { until: { at: noon, id: 51n } },
      { at: "2026-03-20 00:00:00+00" },
      true,
    ],
    ["not behind it", { until: { at: noon, id: 50n } }, {}, false],
    ["of a key", { keys: new Set(["42"]) }, {}, true],
    ["of a former key", { keys: new Set(["41"]) }, { old_key: "41" }, true],
    ["not of another key", { keys: new Set(["41"]) }, {}, false],
    ["without a key, of every row", { keys: new Set(["41"]) }, { key: null }, true],
    ["of a transaction", { tx: "700" }, {}, true],
    ["not of another one", { tx: "701" }, {}, false],
    ["itself", { id: 50n }, {}, true],
    ["not another", { id: 5n }, {}, false],
  ];
  it.each(cases)("%s", (_, need, given, needed) => {
    expect(isNeeded(need, change(given))).toBe(needed);
    if (needed) expect(testOf(filterOf(need))(change(given))).toBe(true);
  });

  const moments = [{ at: noon }];
  it.each<[why: string, given: Parameters<typeof change>[0], needed: boolean]>([
    ["of a transaction that began before and wrote after it", { at: "2026-03-15 12:00:01+00" }, true],
    ["of one that does not say when it began", { at: "2026-03-16 12:00:01+00", began: null }, true],
    [
      "not of one that began after it",
      { at: "2026-03-15 12:00:02+00", began: "2026-03-15 12:00:01+00" },
      false,
    ],
    ["not what was written before it", { at: "2026-03-15 11:59:59+00" }, false],
  ])("for a moment, of any table, %s", (_, given, needed) => {
    const need = { relations: one, since: { at: "2027-01-01 00:00:00+00" }, moments };
    expect(isNeeded(need, change({ relation: "2", ...given }))).toBe(needed);
  });

  it("for a moment before it as well, where times of commits are kept", () => {
    const need = { relations: new Set<number>(), moments: [{ at: noon, from: "2026-03-14 12:00:00+00" }] };
    expect(isNeeded(need, change({ at: "2026-03-15 11:00:00+00" }))).toBe(true);
    expect(isNeeded(need, change({ at: "2026-03-14 11:00:00+00" }))).toBe(false);
  });
});

it("is the same in parts of one kind each as in one", () => {
  const need: SettledNeed = {
    relations: one,
    since: { at: noon },
    moments: [{ at: noon }, { at: "2026-03-20 00:00:00+00" }],
  };
  const parts = partsOf(need);
  expect(parts).toHaveLength(3);
  for (const relation of ["1", "2"])
    for (const at of ["2026-03-15 11:00:00+00", noon, "2026-03-16 00:00:00+00", "2026-03-21 00:00:00+00"])
      for (const began of [
        null,
        "2026-03-15 10:00:00+00",
        "2026-03-15 12:30:00+00",
        "2026-03-20 12:00:00+00",
      ]) {
        const given = change({ relation, at, began });
        const found = parts.filter((part) => isNeeded(part, given));
        expect(found.length > 0).toBe(isNeeded(need, given));
        for (const part of found) expect(testOf(filterOf(part))(given)).toBe(true);
      }
});

it.each<[why: string, need: SettledNeed, given: Partial<ArchivedFile>, may: boolean]>([
  ["of the table", { relations: one }, {}, true],
  ["not of another table", { relations: one }, { relation: 2 }, false],
  ["that reaches beyond the instant", { since: { at: noon } }, {}, true],
  ["not one that ends before", { since: { at: "2026-04-01 00:00:00+00" } }, {}, false],
  ["that has the tag's number", { since: { at: "2026-04-01 00:00:00+00", id: 90n } }, {}, true],
  ["not one that ends before it", { since: { at: "2026-04-01 00:00:00+00", id: 91n } }, {}, false],
  ["that begins by the instant", { until: { at: noon } }, {}, true],
  ["not one that begins later", { until: { at: "2026-02-01 00:00:00+00" } }, {}, false],
  ["that begins before the tag's number", { until: { at: noon, id: 11n } }, {}, true],
  ["not one that begins with it", { until: { at: noon, id: 10n } }, {}, false],
  ["with the number", { id: 10n }, {}, true],
  ["not without it", { id: 9n }, {}, false],
  ["for a moment within", { relations: new Set(), moments: [{ at: noon }] }, { relation: 2 }, true],
  [
    "not for one after its end",
    { relations: new Set(), moments: [{ at: "2026-04-01 00:00:00+00" }] },
    {},
    false,
  ],
  [
    "not where all began after the moment",
    { relations: new Set(), moments: [{ at: "2026-02-01 00:00:00+00" }] },
    {},
    false,
  ],
  [
    "where that is not known",
    { relations: new Set(), moments: [{ at: "2026-02-01 00:00:00+00" }] },
    { firstBegan: null },
    true,
  ],
])("may lie in a file %s", (_, need, given, may) => {
  expect(mayHold(need, file(given))).toBe(may);
});
