import { expect, it } from "vitest";
import { chooseSegments } from "../../src/core/restorable.ts";

const segment = (id: number, firstAt: string, lastAt: string, ...relations: number[]) => ({
  id,
  firstAt,
  lastAt,
  parts: relations.map((relation) => ({ relation })),
});

const gone = [
  segment(1, "2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z", 1, 2),
  segment(2, "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z", 2),
  segment(5, "2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z", 1),
];

it.each([
  ["all, where nothing narrows", {}, [1, 2, 5]],
  ["those of the numbers asked for", { segments: [5, 1] }, [1, 5]],
  ["those that hold changes of a table", { relation: 1 }, [1, 5]],
  ["those that reach to an instant or beyond it", { since: "2026-02-28T00:00:00Z" }, [2, 5]],
  ["those that begin by an instant", { until: "2026-02-01T00:00:00Z" }, [1, 2]],
  [
    "those that fit all of it",
    { relation: 2, since: "2026-02-01T00:00:00Z", until: "2026-12-31T00:00:00Z" },
    [2],
  ],
])("chooses %s", (_, wanted, ids) => {
  const { fitting, unknown } = chooseSegments(gone, wanted);
  expect(fitting.map(({ id }) => id)).toEqual(ids);
  expect(unknown).toEqual([]);
});

it("names the numbers that are none of a segment that is gone, once each", () => {
  const { fitting, unknown } = chooseSegments(gone, { segments: [2, 7, 7, 3] });
  expect(fitting.map(({ id }) => id)).toEqual([2]);
  expect(unknown).toEqual([7, 3]);
});
