import { expect, it } from "vitest";
import type { BenchFigure } from "../../src/core/bench.ts";
import { type BenchAnswer, benchJson, benchText, leftBehind } from "../../src/output/bench.ts";
import { createStyle } from "../../src/output/style.ts";

const look = { style: createStyle(false), width: undefined };

function aFigure(fields: Partial<BenchFigure> = {}): BenchFigure {
  return {
    operation: "insert",
    size: "row",
    plain: { min: 10.04, median: 11.96 },
    audited: { min: 30.12, median: 33 },
    added: { min: 20.08, median: 21.04 },
    ratio: 3,
    walPlain: 120.4,
    walAudited: 830.6,
    logBytes: 402.5,
    ...fields,
  };
}

function anAnswer(fields: Partial<BenchAnswer> = {}): BenchAnswer {
  return {
    schema: "public",
    table: "Odd.Name",
    rows: 10_000,
    single: 200,
    rounds: 5,
    images: "changes",
    kind: "statement",
    changes: [{ column: "name", expression: "reverse(t.name)", share: 1 }],
    figures: [
      aFigure(),
      aFigure({
        operation: "delete",
        size: "table",
        added: { min: -0.5, median: 0.2 },
        ratio: null,
        logBytes: null,
      }),
    ],
    recorded: 153_000,
    recordedBytes: 61_200_000,
    notes: ["something to bear in mind"],
    ...fields,
  };
}

it("shows one line per kind of statement, and the units", async () => {
  expect(await benchText(anAnswer(), look)).toMatchInlineSnapshot(`
    "public."Odd.Name": 10,000 rows copied, 5 rounds, 200 statements of 1 row each; images: changes, captured by statement

    statement  of                 plain      audited        added  ratio  WAL plain  WAL audited  log
    insert     1 row        10.0 / 12.0  30.1 / 33.0  20.1 / 21.0   3.00        120          831  403
    delete     10,000 rows  10.0 / 12.0  30.1 / 33.0   -0.5 / 0.2      -        120          831    -

    plain, audited, added: microseconds per row, minimum / median of the rounds; ratio: audited by plain, of the minima
    WAL: bytes per row, of all sessions; log: bytes of a change in the log, without indexes
    "
  `);
});

it("gives the same as a document, in numbers", () => {
  expect(benchJson(anAnswer())).toMatchInlineSnapshot(`
    "{"version":1,"schema":"public","table":"Odd.Name","rows":10000,"single_rows":200,"rounds":5,"images":"changes","kind":"statement","updated_columns":["name"],"rolled_back":{"changes":153000,"bytes":61200000},"notes":["something to bear in mind"],"items":[
    {"operation":"insert","statement":"row","rows":1,"plain_us":{"min":10.04,"median":11.96},"audited_us":{"min":30.12,"median":33},"added_us":{"min":20.08,"median":21.04},"ratio":3,"wal_plain":120.4,"wal_audited":830.6,"log_bytes":402.5},
    {"operation":"delete","statement":"table","rows":10000,"plain_us":{"min":10.04,"median":11.96},"audited_us":{"min":30.12,"median":33},"added_us":{"min":-0.5,"median":0.2},"ratio":null,"wal_plain":120.4,"wal_audited":830.6,"log_bytes":null}
    ]}
    "
  `);
});

it("says what is left behind", () => {
  expect(leftBehind(anAnswer())).toBe(
    "all was rolled back; left behind are 153,000 dead rows in the log (58.4 MB, for vacuum to clear), their unused numbers, and WAL",
  );
});
