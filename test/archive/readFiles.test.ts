import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ArchivedChange, columnIndex } from "../../src/archive/change.ts";
import { type ColdFilter, testOf } from "../../src/archive/coldFilter.ts";
import { directoryTarget } from "../../src/archive/directory.ts";
import type { ArchivedFile } from "../../src/archive/manifest.ts";
import { compareUtf8 } from "../../src/archive/parquet/statistics.ts";
import { readFiles } from "../../src/archive/readFiles.ts";
import type { Target } from "../../src/archive/target.ts";
import { microsecondsOf, monthOf, printedInstant } from "../../src/archive/timestamp.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { batched, context, gathered, instantIn, months, plainChange } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const second = (number: number) => `2026-11-26 14:23:${String(number % 60).padStart(2, "0")}.5+00`;

/** Three row groups, by key; some changes moved a row to its key from another one. */
const changes: ArchivedChange[] = Array.from({ length: 40_000 }, (_, number) =>
  plainChange({
    0: String(number),
    1: second(Math.floor(number / 1000)),
    7: number < 5 ? null : `k${String(number).padStart(6, "0")}`,
    8: number === 30_000 ? "k000100" : number === 20 ? "\u{1f600}" : null,
  }),
);

let folder: string;
let target: Target;
let files: readonly ArchivedFile[];
let fetched = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-"));
  const directory = directoryTarget(folder);
  target = {
    ...directory,
    readRange: async (path, start, end) => {
      const bytes = await directory.readRange(path, start, end);
      fetched += bytes.length;
      return bytes;
    },
  };
  files = await writeSegment(target, batched(changes, 3_000), { ...context, format: "parquet" });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

async function idsOf(filter: ColdFilter): Promise<string[]> {
  fetched = 0;
  return (await gathered(readFiles(target, files, filter))).map(([id]) => id ?? "");
}

describe("reading a part of the archive", () => {
  it("takes the changes of a key, by the former key too", async () => {
    expect(await idsOf({ keys: new Set(["k000100"]) })).toEqual(["100", "30000"]);
    expect(await idsOf({ keys: new Set(["\u{1f600}", "k039999"]) })).toEqual(["20", "39999"]);
  });

  it("fetches the footer only where the bounds say that there is no such key", async () => {
    expect(await idsOf({ keys: new Set(["k0300005"]) })).toEqual([]);
    const one = fetched;
    expect(await idsOf({ keys: new Set(["zz"]) })).toEqual([]);
    expect(fetched).toBeLessThan(one);
    expect(fetched).toBeLessThanOrEqual(1 << 16);
    await idsOf({});
    // The row groups that hold neither are not there to be fetched.
    expect(one).toBeLessThan(fetched / 2);
  });

  it("takes the changes between two instants, both with them, however they are written", async () => {
    const ids = await idsOf({ sinceAt: "2026-11-26T14:23:10.500000Z", untilAt: "2026-11-26 14:23:11.5+00" });
    expect(ids).toEqual(Array.from({ length: 2_000 }, (_, number) => String(10_000 + number)));
    expect(await idsOf({ sinceAt: "2026-11-26T14:23:39.500001+00:00" })).toEqual([]);
    expect(fetched).toBe(0);
  });

  it("takes what the given test takes", async () => {
    const accept = (change: ArchivedChange) => change[columnIndex.key] === null;
    expect(await idsOf({ accept })).toEqual(["0", "1", "2", "3", "4"]);
    expect(await idsOf({ accept, keys: new Set(["k000100"]) })).toEqual([]);
  });

  it("takes the same out of Parquet as out of NDJSON", async () => {
    const key = fc.option(
      fc.string({ unit: fc.constantFrom("a", "b", "\ue000", "\u{10000}"), maxLength: 3 }),
      {
        nil: null,
      },
    );
    const both = fc.array(fc.tuple(key, key, instantIn("2026-11")), { minLength: 1, maxLength: 30 });
    const bound = fc.option(instantIn("2026-11"), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(both, fc.array(key), bound, bound, async (rows, keys, sinceAt, untilAt) => {
        const all = rows.map(([own, former, at], id) =>
          plainChange({ 0: String(id), 1: at, 7: own, 8: former }),
        );
        const wanted = new Set(keys.filter((one) => one !== null));
        const filter = { keys: wanted, sinceAt, untilAt };
        const expected = all.filter(testOf(filter));
        for (const format of ["parquet", "ndjson"] as const) {
          const written = await writeSegment(target, batched(all), { ...context, format, segmentId: 12 });
          expect(await gathered(readFiles(target, written, filter))).toEqual(expected);
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe("an instant", () => {
  it("comes back as it was printed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...months).chain(instantIn), (text) => {
        expect(printedInstant(microsecondsOf(text))).toBe(text);
      }),
    );
  });

  it.each([
    ["1970-01-01 00:00:00+00", 0n],
    ["1969-12-31 23:59:59.999999+00", -1n],
    ["0001-12-31 23:59:59+00 BC", -62_135_596_801_000_000n],
    ["infinity", 2n ** 63n - 1n],
    ["-infinity", 1n - 2n ** 63n],
  ])("%s is %s", (text, microseconds) => {
    expect(microsecondsOf(text)).toBe(microseconds);
    expect(printedInstant(microseconds)).toBe(text);
  });

  it.each(["2026-11-26 14:23:14+02", "2026-11-26", "294276-12-31 23:59:59+00"])("%s is refused", (text) => {
    expect(() => microsecondsOf(text)).toThrow(RangeError);
  });

  it.each([
    ["2026-11-26 14:23:14+00", "2026-11"],
    ["10000-01-02 00:00:00+00", "10000-01"],
    ["0044-03-15 00:00:00+00 BC", "0044-03 BC"],
    ["infinity", "infinity"],
  ])("%s belongs to the month %s", (text, month) => {
    expect(monthOf(text)).toBe(month);
  });
});

it("compares texts as their UTF-8 does", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "\u007f", "é", "\ue000", "\uffff", "\u{10000}"),
    maxLength: 4,
  });
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(Math.sign(compareUtf8(one, other))).toBe(Buffer.compare(Buffer.from(one), Buffer.from(other)));
    }),
  );
});
