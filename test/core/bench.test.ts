import { describe, expect, it } from "vitest";
import {
  type BenchSample,
  benchNotes,
  benchOrder,
  changesOf,
  pickChanges,
  settingsOfCopy,
  summarizeBench,
} from "../../src/core/bench.ts";
import { type CaptureSettings, noChoice } from "../../src/core/capture.ts";

function aSample(fields: Partial<BenchSample>): BenchSample {
  return { operation: "insert", size: "row", variant: "plain", micros: 10, wal: 100, ...fields };
}

describe("the figures", () => {
  it("are minimum and median of each variant, and what lies between them", () => {
    const samples = [
      ...[12, 10, 30].map((micros) => aSample({ micros, wal: micros * 10 })),
      ...[25, 40, 28].map((micros) => aSample({ variant: "audited", micros, wal: micros * 20 })),
    ];
    expect(summarizeBench(samples, new Map([["insert", 321]]))).toEqual([
      {
        operation: "insert",
        size: "row",
        plain: { min: 10, median: 12 },
        audited: { min: 25, median: 28 },
        added: { min: 15, median: 16 },
        ratio: 2.5,
        walPlain: 100,
        walAudited: 500,
        logBytes: 321,
      },
    ]);
  });

  it("take the middle of two for the median of an even number of rounds", () => {
    const samples = [
      ...[1, 3].map((micros) => aSample({ micros })),
      ...[4, 10].map((micros) => aSample({ variant: "audited", micros })),
    ];
    const [figure] = summarizeBench(samples, new Map());
    expect(figure).toMatchObject({ plain: { median: 2 }, audited: { median: 7 }, logBytes: null });
  });

  it("stand by size and then by operation, without what was not measured", () => {
    const samples = (["delete", "insert"] as const).flatMap((operation) =>
      (["table", "row"] as const).flatMap((size) =>
        (["audited", "plain"] as const).map((variant) => aSample({ operation, size, variant })),
      ),
    );
    expect(summarizeBench(samples, new Map()).map(({ size, operation }) => `${size} ${operation}`)).toEqual([
      "row insert",
      "row delete",
      "table insert",
      "table delete",
    ]);
  });

  it("have no ratio to what took no time", () => {
    const [figure] = summarizeBench([aSample({ micros: 0 }), aSample({ variant: "audited" })], new Map());
    expect(figure?.ratio).toBeNull();
  });
});

it("lets each variant go first as often, from round to round and from kind to kind", () => {
  const firsts = [0, 1, 2, 3].map((round) => [0, 1, 2].map((kind) => benchOrder(round, kind)[0]));
  expect(firsts).toEqual([
    ["plain", "audited", "plain"],
    ["audited", "plain", "audited"],
    ["plain", "audited", "plain"],
    ["audited", "plain", "audited"],
  ]);
  expect(benchOrder(1, 0)).toEqual(["audited", "plain"]);
});

describe("the changes of a column", () => {
  it.each([
    ["integer", "c # 1::integer"],
    ["bigint", "c # 1::bigint"],
    ["numeric(12,2)", "round(c + power(10::numeric, -scale(c)), scale(c))"],
    ["boolean", "not c"],
    ["character varying(20)", "reverse(c::text)"],
    ["timestamp(3) with time zone", "c + interval '1 microsecond'"],
    ["date", "c + 1"],
  ])("of type %s begin with %s", (type, expression) => {
    expect(changesOf(type, "c")[0]).toBe(expression);
  });

  it.each(["point", "jsonb", "integer[]", "citext"])("of type %s are none", (type) => {
    expect(changesOf(type, "c")).toEqual([]);
  });
});

describe("the update that is measured", () => {
  const aChange = (column: string, share: number) => ({ column, expression: "x", share });

  it("changes the first two columns that change in nearly all rows", () => {
    const found = [aChange("a", 0.5), aChange("b", 1), aChange("c", 0.995), aChange("d", 1)];
    expect(pickChanges(found).map(({ column }) => column)).toEqual(["b", "c"]);
  });

  it("else changes the one that does in most", () => {
    const found = [aChange("a", 0.2), aChange("b", 0.7), aChange("c", 0.4)];
    expect(pickChanges(found).map(({ column }) => column)).toEqual(["b"]);
  });

  it("is left out where none was found", () => {
    expect(pickChanges([])).toEqual([]);
  });
});

it("gives a copy the settings of the table under the copy's own numbers", () => {
  const aColumn = (attnum: number, name: string) => ({ attnum, name, type: "text" });
  const settings: CaptureSettings = {
    keyColumns: [3, 2],
    keyFrom: "primary",
    exclude: { columns: [5], globs: ["*_token"] },
    only: { columns: [2], globs: [] },
    redact: noChoice,
    images: "lean",
    onTruncate: "record",
    oversize: "fail",
    keepsStatement: true,
    always: false,
    retentionId: 4,
    viewName: null,
  };
  const from = [aColumn(2, "a"), aColumn(3, "b"), aColumn(5, "c")];
  const to = [aColumn(1, "a"), aColumn(2, "b"), aColumn(3, "c")];
  const expected = {
    ...settings,
    keyColumns: [2, 1],
    exclude: { columns: [3], globs: ["*_token"] },
    only: { columns: [1], globs: [] },
  };
  expect(settingsOfCopy(settings, from, to, false)).toEqual(expected);
  expect(settingsOfCopy(settings, from, to, true)).toEqual({ ...expected, always: true });
});

describe("the notes", () => {
  const plain = { kind: "r", rowSecurity: false, triggers: false, foreignKeys: false };

  it("say what is in the figures and what is not", () => {
    const notes = benchNotes({
      ...{ kind: "p", rowSecurity: true, triggers: true, foreignKeys: true },
      changes: [{ column: "name", expression: "x", share: 0.25 }],
    });
    expect(notes.join("\n")).toMatchInlineSnapshot(`
      "a statement of one row has no commit of its own here, nor a round trip: in an application these are added to plain and audited alike
      updates change name, which stays as it is in 75 of 100 rows: nothing is recorded there
      the copies are ordinary tables: what finding the partition costs is in neither
      the copies have no triggers of the application's own: what these cost is in neither
      the copies have no foreign keys: what checking these costs is in neither
      the copies have no row-level security: what its policies cost is in neither"
    `);
  });

  it("say that there was no update", () => {
    expect(benchNotes({ ...plain, changes: [] })[1]).toMatch(/^no update was measured/);
  });
});
