import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CopiedRow, createCopyReader } from "../../src/core/copyText.ts";

/** How PostgreSQL writes it, letter by letter: the plain reading of its documentation. */
function written(rows: readonly CopiedRow[]): Uint8Array {
  const escapes = new Map([
    ["\b", "\\b"],
    ["\f", "\\f"],
    ["\n", "\\n"],
    ["\r", "\\r"],
    ["\t", "\\t"],
    ["\v", "\\v"],
    ["\\", "\\\\"],
  ]);
  const field = (value: string | null) =>
    value === null ? "\\N" : [...value].map((letter) => escapes.get(letter) ?? letter).join("");
  return new TextEncoder().encode(rows.map((row) => `${row.map(field).join("\t")}\n`).join(""));
}

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (one, other) => one - other,
  );
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

function read(pieces: readonly Uint8Array[], columns: number): CopiedRow[] {
  const reader = createCopyReader(columns);
  const rows = pieces.flatMap((piece) => reader.push(piece));
  reader.end();
  return rows;
}

const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom("\\", "N", "n", "\n", "\t", "\r", "\b", "\f", "\v", "é", "漢", "🙂", "a"),
  }),
);

describe("what COPY sends", () => {
  it("is read as it was meant, wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((columns) => fc.array(fc.array(value, { minLength: columns, maxLength: columns }))),
        fc.array(fc.nat(1000), { maxLength: 8 }),
        (rows, places) => {
          expect(read(cut(written(rows), places), rows[0]?.length ?? 1)).toEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("tells NULL from the text \\N and from an empty text", () => {
    const bytes = new TextEncoder().encode("\\N\t\\\\N\t\n");
    expect(read([bytes], 3)).toEqual([[null, "\\N", ""]]);
  });

  it("is refused where a column is missing, a row is cut off or an escape is not known", () => {
    const bytes = (text: string) => [new TextEncoder().encode(text)];
    expect(() => read(bytes("a\tb\n"), 3)).toThrow("2 columns, not 3");
    expect(() => read(bytes("a\nb"), 1)).toThrow("within a row");
    expect(() => read(bytes("a\\x41\n"), 1)).toThrow("\\x");
  });
});
