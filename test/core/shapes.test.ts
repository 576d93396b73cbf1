import { describe, expect, it } from "vitest";
import { changeReaders, imageReader, labelColumns } from "../../src/core/naming.ts";
import {
  columnOf,
  columnsNamed,
  isDoubtful,
  lastName,
  nameInImage,
  nameSpans,
  type Shapes,
} from "../../src/core/shapes.ts";
import { aChange } from "../helpers/aChange.ts";

function shapes(
  versions: readonly [number, Record<number, string>][],
  present: Record<number, string>,
): Shapes {
  return {
    versions: versions.map(([fromId, columns]) => ({
      fromId: BigInt(fromId),
      fromAt: "2026-11-01T00:00:00.000000+00:00",
      columns: new Map(
        Object.entries(columns).map(([attnum, name]) => [
          Number(attnum),
          { name, type: "text", recorded: true },
        ]),
      ),
    })),
    present: new Map(Object.entries(present).map(([attnum, name]) => [Number(attnum), name])),
  };
}

/** email renamed to mail; hair dropped and added anew; a and b exchanged their names over time. */
const life = shapes(
  [
    [10, { 1: "id", 2: "email", 3: "hair", 4: "a", 5: "b" }],
    [20, { 1: "id", 2: "mail", 4: "a", 5: "b" }],
    [30, { 1: "id", 2: "mail", 5: "a", 6: "hair" }],
  ],
  { 1: "id", 2: "mail", 5: "a", 6: "hair" },
);

describe("columnOf", () => {
  it("goes by the version in force", () => {
    expect(columnOf(life, "email", 10n)).toBe(2);
    expect(columnOf(life, "hair", 19n)).toBe(3);
    expect(columnOf(life, "hair", 30n)).toBe(6);
    expect(columnOf(life, "a", 29n)).toBe(4);
    expect(columnOf(life, "a", 31n)).toBe(5);
  });

  it("reads what is older than the first version by it", () => {
    expect(columnOf(life, "email", 1n)).toBe(2);
  });

  it("goes on to later versions, then to the table, where DDL was not followed at once", () => {
    expect(columnOf(life, "mail", 12n)).toBe(2);
    expect(columnOf(shapes([[10, { 1: "id" }]], { 1: "id", 2: "late" }), "late", 11n)).toBe(2);
  });

  it("knows nothing of other names, nor of former ones later on", () => {
    expect(columnOf(life, "email", 20n)).toBeUndefined();
    expect(columnOf(life, "__proto__", 20n)).toBeUndefined();
    expect(columnOf(shapes([], {}), "a", 1n)).toBeUndefined();
  });
});

describe("nameInImage", () => {
  it("goes by the version in force, and knows what an image does not hold", () => {
    expect(nameInImage(life, { email: "e", a: "1" }, 11n, 2)).toBe("email");
    expect(nameInImage(life, { a: "1" }, 31n, 5)).toBe("a");
    expect(nameInImage(life, { a: "1" }, 31n, 4)).toBeUndefined();
    expect(nameInImage(life, null, 11n, 2)).toBeUndefined();
  });

  it("finds a name that no version has yet, unless it meant another column", () => {
    const late = shapes([[1, { 1: "mail", 2: "other" }]], { 1: "email", 2: "other" });
    expect(nameInImage(late, { email: "a" }, 10n, 1)).toBe("email");
    expect(nameInImage(late, { other: "a" }, 10n, 1)).toBeUndefined();
    expect(nameInImage(shapes([], { 1: "email" }), { email: "a" }, 10n, 1)).toBe("email");
    expect(nameInImage(life, { mail: "m" }, 12n, 2)).toBe("mail");
  });
});

it("tells the last name of a column that is gone", () => {
  expect([1, 2, 3, 4, 5, 9].map((attnum) => lastName(life, attnum))).toEqual([
    "id",
    "mail",
    "hair",
    "a",
    "a",
    "",
  ]);
});

describe("labelColumns", () => {
  it("marks dropped columns, in documents only where another one has their name", () => {
    const labels = labelColumns(shapes([[1, { 1: "id", 2: "gone", 3: "hair" }]], { 1: "id", 4: "hair" }));
    expect([...labels]).toEqual([
      [1, { text: "id", field: "id" }],
      [2, { text: "gone (dropped)", field: "gone" }],
      [3, { text: "hair (dropped)", field: "hair (dropped)" }],
      [4, { text: "hair", field: "hair" }],
    ]);
  });

  it("gives no two columns the same label", () => {
    const labels = labelColumns(
      shapes(
        [
          [1, { 1: "x", 2: "x (dropped)" }],
          [2, { 3: "x", 2: "x (dropped)" }],
          [3, { 4: "x", 2: "x (dropped)" }],
        ],
        { 2: "x (dropped)", 5: "x (dropped, column 1)" },
      ),
    );
    const texts = [...labels.values()].map(({ text }) => text);
    expect(texts).toEqual([
      "x (dropped, column 1)*",
      "x (dropped)",
      "x (dropped, column 3)",
      "x (dropped, column 4)",
      "x (dropped, column 1)",
    ]);
    expect(new Set([...labels.values()].map(({ field }) => field)).size).toBe(5);
  });
});

describe("columnsNamed", () => {
  it("takes the present column and those dropped under the name, else former ones", () => {
    expect(columnsNamed(life, "mail")).toEqual([2]);
    expect(columnsNamed(life, "email")).toEqual([2]);
    expect(columnsNamed(life, "hair")).toEqual([3, 6]);
    expect(columnsNamed(life, "b")).toEqual([5]);
    expect(columnsNamed(life, "toString")).toEqual([]);
  });
});

describe("nameSpans", () => {
  it("tells what changes call a column, by their ids", () => {
    expect(nameSpans(life, 2)).toEqual([
      { name: "email", fromId: 0n, untilId: 20n },
      // Only a change of a time when DDL was not followed can have it that early.
      { name: "mail", fromId: 0n, untilId: undefined },
    ]);
    expect(nameSpans(life, 3)).toEqual([{ name: "hair", fromId: 0n, untilId: 20n }]);
    expect(nameSpans(life, 4)).toEqual([{ name: "a", fromId: 0n, untilId: 30n }]);
    expect(nameSpans(life, 5)).toEqual([
      { name: "b", fromId: 0n, untilId: 30n },
      { name: "a", fromId: 30n, untilId: undefined },
    ]);
  });

  it("knows a column of which no version tells", () => {
    expect(nameSpans(shapes([], { 1: "id" }), 1)).toEqual([{ name: "id", fromId: 0n, untilId: undefined }]);
  });
});

describe("imageReader", () => {
  it("calls columns as it is told, leaves out what has no name, and keeps every value", () => {
    const labels = labelColumns(life);
    const read = imageReader(life, {
      nameOf: (attnum, recorded) => (attnum === 1 ? undefined : attnum ? labels.get(attnum)?.text : recorded),
      arranged: true,
    });
    const image = JSON.parse('{"b":"5","__proto__":"odd","hair":"red","id":"1","email":null}');
    const first = read(image, 11n);
    expect(Object.entries(first)).toEqual([
      ["mail", null],
      ["hair (dropped)", "red"],
      ["a", "5"],
      ["__proto__", "odd"],
    ]);
    expect(Object.keys(read({ hair: "x" }, 31n))).toEqual(["hair"]);
    expect(read(image, 11n)).toEqual(first);
  });

  it("keeps the order of documents", () => {
    const read = imageReader(life, { nameOf: (_, recorded) => recorded, arranged: false });
    expect(Object.keys(read({ mail: "m", id: "1" }, 20n))).toEqual(["mail", "id"]);
  });
});

describe("a name that was given to several columns", () => {
  const swapped = shapes([[10, { 1: "id", 2: "name", 3: "token" }]], { 1: "id", 2: "token", 3: "name" });
  const recorded = { id: "1", name: "n", token: "t" };
  const seen = (of: Shapes) => changeReaders(of, {}).document(aChange({ id: "12", new: recorded })).new;

  it("is followed where DDL was", () => {
    expect(isDoubtful(swapped, "name")).toBe(false);
    expect(seen(swapped)).toEqual({ id: "1", token: "n", name: "t" });
  });

  it("is left as it was recorded where DDL was followed late: nobody can say which column it meant", () => {
    const late = { ...swapped, followedLate: true };
    expect([isDoubtful(late, "name"), isDoubtful(late, "id")]).toEqual([true, false]);
    expect(seen(late)).toEqual(recorded);
  });
});
