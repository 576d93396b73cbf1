import { describe, expect, it } from "vitest";
import { type BlameColumn, type BlameFacts, blameRow, isUnexplained } from "../../src/core/blame.ts";
import { judgeExistence, lastState } from "../../src/core/blameState.ts";
import type { Shapes, ShapeVersion } from "../../src/core/shapes.ts";
import type { Change } from "../../src/types.ts";
import { aChange } from "../helpers/aChange.ts";

/** A version of the shape: `name:type`, by attribute number from 1; "" is a gap, "-name" is not recorded. */
function aVersion(fromId: number, ...columns: string[]): ShapeVersion {
  return {
    fromId: BigInt(fromId),
    fromAt: `2026-11-${String(fromId).padStart(2, "0")}T00:00:00.000000+00:00`,
    columns: new Map(
      columns.flatMap((text, index) => {
        if (text === "") return [];
        const [name = "", type = "text"] = text.replace(/^-/, "").split(":");
        return [[index + 1, { name, type, recorded: !text.startsWith("-") }]];
      }),
    ),
  };
}

interface Facts extends Partial<BlameFacts> {
  readonly versions?: readonly ShapeVersion[];
}

function shapesOf(versions: readonly ShapeVersion[], columns: readonly BlameColumn[]): Shapes {
  return { versions, present: new Map(columns.map(({ attnum, name }) => [attnum, name])) };
}

function factsOf(
  changes: readonly Change[],
  { versions = [aVersion(1, "email")], ...more }: Facts = {},
): BlameFacts {
  const columns = [{ attnum: 1, name: "email" }];
  return {
    row: { key: "7", changes, end: undefined },
    columns,
    present: { email: "now" },
    shapes: shapesOf(versions, more.columns ?? columns),
    gaps: [],
    since: "2026-11-01T00:00:00.000000+00:00",
    ...more,
  };
}

/** The one column's blame, in what the cases below are about. */
function blamed(changes: readonly Change[], more: Facts = {}) {
  const [found] = blameRow(factsOf(changes, more));
  if (!found) return undefined;
  const { status, value, previous, change, at, note } = found;
  return { status, value, previous, change: change?.id, at, note };
}

const nothing = { previous: undefined, change: undefined, at: undefined, note: undefined };

describe("blameRow", () => {
  it("names the last change that set the value, though it had it before", () => {
    const changes = [
      aChange({ id: "10", op: "insert", new: { email: "now" } }),
      aChange({ id: "11", old: { email: "now" }, new: { email: "b" } }),
      aChange({ id: "12", old: { email: "b" }, new: { email: "now" } }),
      aChange({ id: "13", old: { other: "x" }, new: { other: "y" } }),
    ];
    expect(blamed(changes)).toEqual({
      ...nothing,
      status: "change",
      value: "now",
      previous: "b",
      change: "12",
    });
  });

  it("names the insert where nothing came after it", () => {
    const changes = [aChange({ op: "insert", new: { email: "now" } })];
    expect(blamed(changes)).toEqual({ ...nothing, status: "insert", value: "now", change: "10" });
  });

  it("passes over whole images in which the column is the same", () => {
    const changes = [
      aChange({ id: "11", old: { email: "a", n: "1" }, new: { email: "now", n: "1" } }),
      aChange({ id: "12", old: { email: "now", n: "1" }, new: { email: "now", n: "2" } }),
    ];
    expect(blamed(changes)?.change).toBe("11");
  });

  it("tells NULL from what is not known", () => {
    const changes = [aChange({ old: { email: null }, new: { email: "now" } })];
    expect(blamed(changes)?.previous).toBeNull();
    expect(
      blamed([aChange({ old: { email: "a" }, new: { email: null } })], { present: { email: null } }),
    ).toEqual({
      ...nothing,
      status: "change",
      value: null,
      previous: "a",
      change: "10",
    });
  });

  it("takes a key change's whole old row for no change of the rest", () => {
    const moved = aChange({ oldKey: "1", old: { id: "1", email: "now" }, new: { id: "7" } });
    expect(blamed([moved])?.status).toBe("before_coverage");
    const columns = [{ attnum: 2, name: "id" }];
    const versions = [aVersion(1, "email", "id")];
    expect(blamed([moved], { columns, versions, present: { id: "7" } })).toEqual({
      ...nothing,
      status: "change",
      value: "7",
      previous: "1",
      change: "10",
    });
  });

  it("knows who and what was before under lean images", () => {
    expect(blamed([aChange({ old: { email: "a" } })])).toEqual({
      ...nothing,
      status: "change",
      value: "now",
      previous: "a",
      change: "10",
    });
    expect(blamed([aChange({ op: "insert" })])).toEqual({
      ...nothing,
      status: "insert",
      value: "now",
      change: "10",
    });
    const stayed = aChange({ oldKey: "1", old: { id: "1", email: "now" } });
    const changed = aChange({ oldKey: "1", old: { id: "1", email: "a" } });
    expect(blamed([stayed])?.status).toBe("before_coverage");
    expect(blamed([changed])?.status).toBe("change");
  });

  it("says since when all is recorded where no change is", () => {
    const since = "2026-11-01T00:00:00.000000+00:00";
    expect(blamed([])).toEqual({ ...nothing, status: "before_coverage", value: "now", at: since });
    expect(blamed([], { since: undefined })?.at).toBeUndefined();
  });

  it("knows a column that was added later, and that it was given a value since", () => {
    const versions = [aVersion(1, ""), aVersion(5, "email")];
    const inserted = aChange({ id: "3", op: "insert", new: { id: "7" } });
    const at = "2026-11-05T00:00:00.000000+00:00";
    expect(blamed([inserted], { versions })).toEqual({ ...nothing, status: "added", value: "now", at });
    expect(blamed([], { versions })).toEqual({ ...nothing, status: "added", value: "now", at });
    const updated = aChange({ id: "6", old: { email: "d" }, new: { email: "now" } });
    expect(blamed([inserted, updated], { versions })?.change).toBe("6");
    const since = "2026-11-06T00:00:00.000000+00:00";
    expect(blamed([], { versions, since })?.status).toBe("before_coverage");
  });

  it("follows a column that was renamed", () => {
    const versions = [aVersion(1, "mail", "email"), aVersion(11, "email", "mail")];
    const before = aChange({ id: "10", old: { mail: "a" }, new: { mail: "now" } });
    const after = aChange({ id: "12", old: { mail: "x" }, new: { mail: "y" } });
    expect(blamed([before, after], { versions })?.change).toBe("10");
  });

  it("does not know values of columns that are left out", () => {
    const changes = [aChange({ op: "insert", new: {} })];
    for (const withheld of ["excluded", "generated"] as const) {
      const columns = [{ attnum: 1, name: "email", withheld }];
      expect(blamed(changes, { columns })).toEqual({ ...nothing, status: withheld, value: undefined });
    }
  });

  it("knows who changed a redacted value, never which", () => {
    const columns = [{ attnum: 1, name: "email", withheld: "redacted" as const }];
    const versions = [aVersion(1, "-email")];
    const mark = { redacted: true } as const;
    const changed = aChange({ id: "11", old: { email: mark }, new: { email: mark } });
    const inserted = aChange({ op: "insert" });
    expect(blamed([changed], { columns, versions, present: {} })).toEqual({
      ...nothing,
      status: "change",
      value: mark,
      previous: mark,
      change: "11",
    });
    expect(blamed([inserted], { columns, versions, present: {} })?.status).toBe("insert");
  });

  it("takes a digest for the value it stands for", () => {
    const digest = { digest: "sha256:00", bytes: 2_000_000 };
    const same = aChange({ id: "11", old: { email: digest }, new: { email: { ...digest } } });
    const other = aChange({
      id: "12",
      old: { email: digest },
      new: { email: { ...digest, digest: "sha256:01" } },
    });
    expect(blamed([same])?.status).toBe("before_coverage");
    expect(blamed([other])?.change).toBe("12");
  });

  it("finds what was written around the audit", () => {
    const changes = [aChange({ old: { email: "a" }, new: { email: "b" } })];
    const found = blameRow(factsOf(changes));
    expect(isUnexplained(found)).toBe(true);
    expect(blamed(changes)).toEqual({
      status: "around",
      value: "now",
      previous: "b",
      change: undefined,
      at: undefined,
      note: "The last change recorded of it, 10, left another value.",
    });
    expect(blamed(changes, { unexplained: true })?.note).toBe(
      "The row is there although the log has it deleted.",
    );
  });

  it("blames what explains another value before it blames people", () => {
    const changes = [aChange({ old: { email: "a" }, new: { email: "b" } })];
    const gaps = [
      { fromId: 5n, from: "T1", until: "T2" },
      { fromId: 15n, from: "T3", until: "T4" },
    ];
    expect(blamed(changes, { gaps })).toMatchObject({
      status: "unrecorded",
      previous: "b",
      note: "The table was not audited from T3 until T4.",
    });
    expect(blamed(changes, { gaps: [{ fromId: 15n, from: "T3", until: undefined }] })?.note).toBe(
      "The table was not audited from T3 on.",
    );
    expect(blamed(changes, { versions: [aVersion(1, "email"), aVersion(12, "-email")] })?.note).toBe(
      "Its values were not recorded for a while.",
    );
    expect(blamed(changes, { versions: [aVersion(1, "email:int"), aVersion(12, "email")] })).toMatchObject({
      status: "change",
      change: "10",
      note: "Its type changed since; it was int.",
    });
  });

  it("does not know an inserted value that was excluded then", () => {
    const changes = [aChange({ op: "insert", new: { id: "7" } })];
    expect(blamed(changes, { versions: [aVersion(1, "-email"), aVersion(12, "email")] })?.status).toBe(
      "unrecorded",
    );
  });

  it("gives the log's value where the table's cannot be read", () => {
    const changes = [aChange({ old: { email: "a" }, new: { email: "b" } })];
    expect(blamed(changes, { present: undefined })).toMatchObject({ status: "change", value: "b" });
    expect(blamed([], { present: undefined })?.value).toBeUndefined();
  });

  it("is not led astray by a column called __proto__", () => {
    const name = "__proto__";
    const image = (value: string) => Object.fromEntries([[name, value]]);
    const found = blamed([aChange({ old: image("a"), new: image("b") })], {
      columns: [{ attnum: 1, name }],
      versions: [aVersion(1, name)],
      present: image("b"),
    });
    expect(found).toEqual({ ...nothing, status: "change", value: "b", previous: "a", change: "10" });
    expect(blamed([], { columns: [{ attnum: 1, name }], present: {} })?.value).toBeUndefined();
  });
});

describe("judgeExistence", () => {
  const end = aChange({ id: "20", op: "delete" });
  const gone = { key: "7", changes: [end], end };
  const living = { key: "7", changes: [aChange()], end: undefined };
  const there = { columns: [], image: {}, presence: "there" } as const;
  const absent = { columns: [], image: undefined, presence: "absent" } as const;
  const gap = { fromId: 30n, from: "T1", until: undefined };

  it("has nothing to say where table and log agree", () => {
    expect(judgeExistence(gone, absent, [])).toEqual({});
    expect(judgeExistence(living, there, [])).toEqual({});
    expect(judgeExistence({ ...living, changes: [] }, absent, [])).toEqual({});
    expect(judgeExistence(living, { ...absent, presence: "unknown" }, [])).toEqual({});
  });

  it("tells what a gap explains from what nothing does", () => {
    expect(judgeExistence(gone, there, [])).toEqual({ came: "around", gap: undefined });
    expect(judgeExistence(gone, there, [gap])).toEqual({ came: "gap", gap });
    expect(judgeExistence(living, absent, [])).toEqual({ went: "around", gap: undefined });
    expect(judgeExistence(living, absent, [gap])).toEqual({ went: "gap", gap });
  });
});

describe("lastState", () => {
  const versions = [aVersion(1, "id", "mail", "-pin", "-hidden", "gone")];
  const end = aChange({
    op: "delete",
    old: { id: "7", mail: "a", pin: { redacted: true }, gone: "g" },
  });
  const row = { key: "7", changes: [end], end };

  it("calls columns as the table does, and keeps those it has no more", () => {
    const present = [
      { attnum: 1, name: "id" },
      { attnum: 2, name: "email" },
      { attnum: 6, name: "young" },
    ];
    expect(lastState(row, shapesOf(versions, present), present)).toEqual({
      columns: [
        { attnum: 1, name: "id" },
        { attnum: 2, name: "email" },
        { attnum: 3, name: "pin", withheld: undefined },
        { attnum: 4, name: "hidden", withheld: "excluded" },
        { attnum: 5, name: "gone", withheld: undefined },
      ],
      image: { id: "7", email: "a", pin: { redacted: true }, gone: "g" },
    });
  });

  it("has no values where none were kept", () => {
    const truncated = aChange({ op: "truncate", key: null });
    const shapes = shapesOf(versions, []);
    const found = lastState({ key: "7", changes: [truncated], end: truncated }, shapes, []);
    expect(found.image).toBeUndefined();
    expect(lastState({ key: "7", changes: [], end: undefined }, shapes, []).columns).toHaveLength(5);
  });
});
