import { describe, expect, it } from "vitest";
import { type PrunePlanRow, prunePlanJson, prunePlanText } from "../../src/output/plan.ts";
import { createStyle } from "../../src/output/style.ts";

function aRow(row: Partial<PrunePlanRow> = {}): PrunePlanRow {
  return {
    segment: 1,
    retention: "90 days",
    act: "drop",
    changes: "1203000",
    bytes: 400 * 1024 ** 2,
    firstAt: "2026-05-01T00:00:00+00:00",
    lastAt: "2026-06-01T00:00:00.25+00:00",
    reason: "its last change is older than 90 days",
    ...row,
  };
}

const rows: readonly PrunePlanRow[] = [
  aRow(),
  aRow({ segment: 2, changes: "344", bytes: 112 * 1024 ** 2 }),
  aRow({ segment: 3, act: "keep", reason: "held: lawsuit 12" }),
  aRow({
    segment: 4,
    act: "rotate",
    changes: "0",
    bytes: 0,
    firstAt: null,
    lastAt: null,
    reason: "hot since 40 days",
  }),
];

const options = { style: createStyle(false), width: 120, zone: "UTC", dryRun: true };

describe("prunePlanText", () => {
  it("shows what would go and why", async () => {
    expect(await prunePlanText(rows, options)).toMatchInlineSnapshot(`
      "segment  retention  act       changes    size  first       last        why
            1  90 days    drop    1,203,000  400 MB  2026-05-01  2026-06-01  its last change is older than 90 days
            2  90 days    drop          344  112 MB  2026-05-01  2026-06-01  its last change is older than 90 days
            3  90 days    keep    1,203,000  400 MB  2026-05-01  2026-06-01  held: lawsuit 12
            4  90 days    rotate          0     0 B  -           -           hot since 40 days

      would drop 2 segments, 1,203,344 changes, 512 MB
      "
    `);
  });

  it("is coloured, and puts its reasons below the lines of a narrow terminal", async () => {
    expect(
      await prunePlanText(rows, { ...options, style: createStyle(true), width: 80 }),
    ).toMatchInlineSnapshot(`
      "[1msegment[22m  [1mretention[22m  [1mact[22m       [1mchanges[22m    [1msize[22m  [1mfirst[22m       [1mlast[22m
            1  90 days    [31mdrop[39m    1,203,000  400 MB  2026-05-01  2026-06-01
          its last change is older than 90 days
            2  90 days    [31mdrop[39m          344  112 MB  2026-05-01  2026-06-01
          its last change is older than 90 days
            3  90 days    [2mkeep[22m    1,203,000  400 MB  2026-05-01  2026-06-01
          held: lawsuit 12
            4  90 days    [33mrotate[39m          0     0 B  -           -
          hot since 40 days

      would drop 2 segments, 1,203,344 changes, 512 MB
      "
    `);
  });

  it("tells all acts of a segment on one line, and why by the one that removes", async () => {
    const acts = [
      aRow({ act: "rotate", reason: "it was opened at 2026-05-01T00:00:00.000000+00:00" }),
      aRow({ act: "close", reason: "no transaction is left" }),
      aRow({
        act: "delete",
        changes: "7",
        reason: "changes before 2026-05-09T08:00:00.5+02:00 have expired",
      }),
      aRow({ segment: 2, act: "rotate", reason: "it was opened at 2026-05-01T00:00:00.000000+00:00" }),
      aRow({ segment: 2, act: "keep", reason: "it is young" }),
    ];
    expect(await prunePlanText(acts, { ...options, width: 140 })).toMatchInlineSnapshot(`
      "segment  retention  act                      changes    size  first       last        why
            1  90 days    rotate, close, delete          7  400 MB  2026-05-01  2026-06-01  changes before 2026-05-09 have expired
            2  90 days    rotate                 1,203,000  400 MB  2026-05-01  2026-06-01  it was opened at 2026-05-01

      would delete 7 changes
      "
    `);
    expect(await prunePlanText([...acts, ...rows], { ...options, dryRun: false })).toMatch(
      /\ndropped 2 segments, 1,203,344 changes, 512 MB; deleted 7 changes\n$/,
    );
  });

  it("says what went when it was carried out", async () => {
    const text = await prunePlanText(rows.slice(0, 1), { ...options, dryRun: false });
    expect(text).toMatch(/\ndropped 1 segment, 1,203,000 changes, 400 MB\n$/);
  });

  it("says when there is nothing to drop", async () => {
    expect(await prunePlanText([], options)).toBe("nothing to drop\n");
    expect(await prunePlanText(rows.slice(2), options)).toMatch(/\nnothing to drop\n$/);
  });
});

describe("prunePlanJson", () => {
  it("has every field under its documented name", () => {
    expect(
      prunePlanJson(rows.slice(3), { dryRun: true, complete: true, horizons: [] }),
    ).toMatchInlineSnapshot(`
      "{"version":1,"dry_run":true,"complete":true,"horizons":[],"items":[
      {"segment":4,"retention":"90 days","act":"rotate","changes":"0","bytes":0,"first_at":null,"last_at":null,"reason":"hot since 40 days"}
      ]}
      "
    `);
  });
});
