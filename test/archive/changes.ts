import zlib from "node:zlib";
import fc from "fast-check";
import type { ArchivedChange } from "../../src/archive/change.ts";
import type { SegmentContext } from "../../src/archive/writeSegment.ts";

/** Text as a database in UTF-8 can hold it: no NUL, no lone surrogate, everything else. */
const text = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "null", '"', "\\", '\\"', "a\nb\r\n", "\u2028", "\u{1f600}", '["a", "b"]', "{}", ","),
  )
  .map((value) => value.replaceAll("\0", ""));

const nullable = (values: fc.Arbitrary<string>): fc.Arbitrary<string | null> =>
  fc.option(values, { nil: null });

/** A jsonb document as the server prints it: blanks behind colons and commas, numbers of any size. */
const document = fc
  .dictionary(
    text,
    fc.oneof(
      nullable(text).map((value) => JSON.stringify(value)),
      fc.constantFrom("1.0", "12345678901234567890.000", "true", '{"a": [1, "}]"]}', "[]"),
    ),
  )
  .map((fields) => {
    const printed = Object.entries(fields).map(([name, value]) => `${JSON.stringify(name)}: ${value}`);
    return `{${printed.join(", ")}}`;
  });

const clock = fc
  .tuple(
    fc.integer({ min: 1, max: 28 }),
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.oneof(fc.constantFrom(0, 1, 100_000, 999_999), fc.integer({ min: 0, max: 999_999 })),
  )
  .map(([day, hour, minute, second, fraction]) => {
    const two = (value: number) => String(value).padStart(2, "0");
    const digits = fraction === 0 ? "" : `.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
    return `${two(day)} ${two(hour)}:${two(minute)}:${two(second)}${digits}+00`;
  });

/** Months as they begin and end the text of an instant: years before 1, beyond 9999, beyond a JavaScript Date. */
export const months = [
  "2026-11",
  "1969-12",
  "0001-01",
  "4713-01 BC",
  "0044-03 BC",
  "10000-01",
  "290000-06",
] as const;

export function instantIn(month: string): fc.Arbitrary<string> {
  const [start = "", era] = month.split(" ");
  return clock.map((rest) => `${start}-${rest}${era === undefined ? "" : ` ${era}`}`);
}

const anyInstant = fc.constantFrom(...months).chain(instantIn);
const signed64 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
const unsigned64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const tid = fc.tuple(fc.nat(), fc.nat(65_535)).map(([page, line]) => `(${page},${line})`);

/** One change of the relation, in segment 12. */
export function changeOf(relation: number, month: string): fc.Arbitrary<ArchivedChange> {
  return fc.tuple(
    signed64,
    instantIn(month),
    unsigned64,
    nullable(anyInstant),
    fc.constant(String(relation)),
    fc.constant("12"),
    fc.constantFrom("I", "U", "D", "T"),
    nullable(text),
    nullable(text),
    nullable(document),
    nullable(document),
    nullable(text),
    text,
    nullable(text),
    nullable(text),
    nullable(fc.constantFrom("127.0.0.1", "::1", "10.0.0.0/8")),
    nullable(document),
    nullable(tid),
    nullable(tid),
  );
}

/** The changes of a segment, those of each table and month together. */
export const segment: fc.Arbitrary<ArchivedChange[]> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(1, 2, 300), fc.constantFrom(...months)), {
    maxLength: 4,
    selector: String,
  })
  .chain((groups) =>
    fc.tuple(
      ...groups.map(([relation, month]) =>
        fc.array(changeOf(relation, month), { minLength: 1, maxLength: 12 }),
      ),
    ),
  )
  .map((groups) => groups.flat());

/** The changes in batches of some size, as they come from the server. */
export async function* batched(
  changes: readonly ArchivedChange[],
  size = 5,
): AsyncGenerator<ArchivedChange[]> {
  for (let start = 0; start < changes.length; start += size) yield changes.slice(start, start + size);
}

export const context: SegmentContext = {
  segmentId: 12,
  tableOf: (relation) => ({ schema: "public", table: `table ${relation}` }),
  format: "ndjson",
  compression: "gzip",
};

export async function gathered<Item>(batches: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** An ordinary change, with other texts where they are given. */
export function plainChange(columns: Readonly<Record<number, string | null>> = {}): ArchivedChange {
  const change: (string | null)[] = [
    "7",
    "2026-11-26 14:23:14.123456+00",
    "4711",
    "2026-11-26 14:23:14+00",
    "3",
    "12",
    "U",
    "1",
    null,
    '{"name": "old"}',
    '{"name": "new"}',
    "alice",
    "app",
    null,
    "web",
    null,
    '{"request": "r-1"}',
    "(0,1)",
    "(0,2)",
  ];
  for (const [index, value] of Object.entries(columns)) change[Number(index)] = value;
  return change;
}

const everyForm = (["parquet", "ndjson"] as const).flatMap((format) =>
  (["gzip", "none", "zstd"] as const).map((compression) => ({ format, compression })),
);

/** Node has had zstd since 22.15. */
const hasZstd = "zstdCompressSync" in zlib;

/** Every form an archive can take that this Node can write, and those it cannot. */
export const forms = everyForm.filter(({ compression }) => compression !== "zstd" || hasZstd);
export const formsOfLaterNode = everyForm.filter((form) => !forms.includes(form));
