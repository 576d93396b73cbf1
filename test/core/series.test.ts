import { expect, it } from "vitest";
import { seriesOf } from "../../src/core/series.ts";
import type { Change, Image } from "../../src/types.ts";
import { aChange as plainChange } from "../helpers/aChange.ts";

function aChange(change: Partial<Change> & { id: string }): Change {
  const { id } = change;
  return plainChange({
    tx: `t${id}`,
    at: `2026-11-22T10:00:0${id}+00:00`,
    table: "item",
    key: "1",
    ...change,
  });
}

const valueIn = (change: Change, side: "old" | "new") => (change[side] as Image | null)?.price;
const values = (changes: readonly Change[]) => seriesOf(changes, valueIn).map(({ tx, value }) => [tx, value]);

it("follows a value through inserts, updates of it and deletes", () => {
  expect(
    values([
      aChange({ id: "1", op: "insert", new: { price: "1" } }),
      aChange({ id: "2", old: { name: "a" }, new: { name: "b" } }),
      aChange({ id: "3", old: { price: "1" }, new: { price: "2" } }),
      aChange({ id: "4", old: { price: "2" }, new: { price: null } }),
      aChange({ id: "5", op: "delete", old: { price: null } }),
      aChange({ id: "6", op: "insert", new: { price: "3" } }),
      aChange({ id: "7", op: "truncate", old: { price: "3" } }),
    ]),
  ).toEqual([
    ["t1", "1"],
    ["t3", "2"],
    ["t4", null],
    ["t6", "3"],
    ["t7", null],
  ]);
});

it("learns from the next change what lean images leave out", () => {
  expect(
    values([
      aChange({ id: "1", op: "insert" }),
      aChange({ id: "2", old: { price: "1" } }),
      aChange({ id: "3", old: { name: "a" } }),
      aChange({ id: "4", oldKey: "0", old: { price: "2", name: "b" } }),
      aChange({ id: "5", old: { price: "2" } }),
    ]),
  ).toEqual([
    ["t1", "1"],
    ["t2", "2"],
    ["t5", null],
  ]);
});

it("takes what whole images show on both sides as no other value, and what is not kept as none", () => {
  expect(
    values([
      aChange({ id: "1", op: "insert", new: { price: "1" } }),
      aChange({ id: "2", old: { price: "1" }, new: { price: "1" } }),
      aChange({ id: "3", old: { price: { redacted: true } }, new: { price: { redacted: true } } }),
    ]),
  ).toEqual([
    ["t1", "1"],
    ["t3", null],
  ]);
});
