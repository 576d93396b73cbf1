import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  firstStep,
  nextStep,
  nextWidth,
  type Reading,
  type Walk,
  type Window,
} from "../../src/core/window.ts";

/** Every window of a walk whose readings are given; the last one repeats. */
function windows(walk: Walk, readings: readonly Reading[]): Window[] {
  const all: Window[] = [];
  let step: ReturnType<typeof nextStep> = firstStep(walk);
  for (let turn = 0; step !== undefined; turn++) {
    all.push(step.window);
    step = nextStep(walk, step, readings[Math.min(turn, readings.length - 1)] ?? { rows: 0, ms: 0 });
  }
  return all;
}

describe("a walk", () => {
  it("covers everything, open at both ends, oldest first", () => {
    const walk = { lowest: 100n, highest: 50_000n, newestFirst: false };
    expect(windows(walk, [{ rows: 2000, ms: 5 }])).toEqual([
      { from: undefined, to: 2100n },
      { from: 2100n, to: 10_100n },
      { from: 10_100n, to: 42_100n },
      { from: 42_100n, to: undefined },
    ]);
  });

  it("covers everything, newest first", () => {
    const walk = { lowest: 100n, highest: 50_000n, newestFirst: true };
    expect(windows(walk, [{ rows: 0, ms: 5 }])).toEqual([
      { from: 48_001n, to: undefined },
      { from: 32_001n, to: 48_001n },
      { from: undefined, to: 32_001n },
    ]);
  });

  it("begins just where it is told", () => {
    expect(windows({ lowest: 7n, highest: 9n, from: 7n, newestFirst: false }, [])).toEqual([
      { from: 7n, to: undefined },
    ]);
    expect(windows({ lowest: 7n, highest: 9n, from: 7n, newestFirst: true }, [])).toEqual([
      { from: 7n, to: undefined },
    ]);
  });

  it("leaves no id out and reads none twice, whatever the windows came to", () => {
    const reading = fc.record({ rows: fc.nat(1_000_000), ms: fc.nat(1000) });
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10_000_000n),
        fc.bigInt(0n, 10_000_000n),
        fc.option(fc.bigInt(0n, 10_000_000n), { nil: undefined }),
        fc.boolean(),
        fc.array(reading, { maxLength: 20 }),
        (lowest, highest, from, newestFirst, readings) => {
          // In the end windows grow, so that every walk does.
          const all = windows({ lowest: from ?? lowest, highest, from, newestFirst }, [
            ...readings,
            { rows: 0, ms: 0 },
          ]);
          const ordered = newestFirst ? all.toReversed() : all;
          expect(ordered[0]?.from).toBe(from);
          expect(ordered.at(-1)?.to).toBeUndefined();
          ordered.slice(1).forEach(({ from: next }, place) => {
            expect(next).toBeDefined();
            expect(next).toBe(ordered[place]?.to);
          });
        },
      ),
    );
  });
});

describe("nextWidth", () => {
  it.each<[string, Reading, bigint]>([
    ["grows fast where there is nothing", { rows: 0, ms: 2 }, 8000n],
    ["faster where nothing takes its time", { rows: 0, ms: 400 }, 16_000n],
    ["grows while rows are few", { rows: 1000, ms: 5 }, 4000n],
    ["stays where rows are enough", { rows: 25_000, ms: 80 }, 1000n],
    ["grows where each window costs a scan of its own", { rows: 25_000, ms: 900 }, 4000n],
    ["shrinks where rows are many", { rows: 100_000, ms: 100 }, 200n],
    ["shrinks where they are too many, however long it took", { rows: 500_000, ms: 9000 }, 40n],
  ])("%s", (_, reading, width) => {
    expect(nextWidth(1000n, reading)).toBe(width);
  });

  it("never comes to nothing", () => {
    expect(nextWidth(1n, { rows: 900_000, ms: 1 })).toBe(1n);
  });
});
