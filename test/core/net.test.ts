import { describe, expect, it } from "vitest";
import { losesRows, type NetChange, netOf } from "../../src/core/net.ts";
import type { Image, RowDifference } from "../../src/types.ts";

const insert = (key: string, image: Image | null = { id: key, name: "new" }): NetChange => ({
  ...{ op: "insert", key, oldKey: null, old: null, new: image },
});
const update = (key: string, old: Image, after: Image | null): NetChange => ({
  ...{ op: "update", key, oldKey: null, old, new: after },
});
const move = (oldKey: string, key: string, old: Image = { id: oldKey, name: oldKey }): NetChange => ({
  ...{ op: "update", key, oldKey, old, new: { id: key } },
});
const remove = (key: string, old: Image = { id: key, name: key }): NetChange => ({
  ...{ op: "delete", key, oldKey: null, old, new: null },
});
const truncate = (key: string, old: Image = { id: key, name: key }): NetChange => ({
  ...{ op: "truncate", key, oldKey: null, old, new: null },
});
const truncation: NetChange = { op: "truncate", key: null, oldKey: null, old: null, new: null };
const hidden = { redacted: true } as const;
const digest = (text: string) => ({ digest: text, bytes: 9 });

const cases: [what: string, changes: NetChange[], net: RowDifference[]][] = [
  ["nothing", [], []],
  ["an insert", [insert("1")], [{ kind: "inserted", key: "1", new: { id: "1", name: "new" } }]],
  [
    "an insert with its updates",
    [insert("1"), update("1", { name: "new" }, { name: "newer" })],
    [{ kind: "inserted", key: "1", new: { id: "1", name: "newer" } }],
  ],
  ["an insert that is deleted again", [insert("1"), remove("1", { id: "1", name: "new" })], []],
  ["a delete", [remove("1")], [{ kind: "deleted", key: "1", old: { id: "1", name: "1" } }]],
  [
    "a delete after an update, with the values before it",
    [update("1", { name: "a" }, { name: "b" }), remove("1", { id: "1", name: "b" })],
    [{ kind: "deleted", key: "1", old: { name: "a", id: "1" } }],
  ],
  [
    "updates of one column",
    [update("1", { a: "1" }, { a: "2" }), update("1", { a: "2" }, { a: null })],
    [{ kind: "changed", key: "1", old: { a: "1" }, new: { a: null } }],
  ],
  [
    "updates of several columns",
    [update("1", { a: "1" }, { a: "2" }), update("1", { b: null }, { b: "x" })],
    [{ kind: "changed", key: "1", old: { a: "1", b: null }, new: { a: "2", b: "x" } }],
  ],
  ["a value that came back", [update("1", { a: "1" }, { a: "2" }), update("1", { a: "2" }, { a: "1" })], []],
  [
    "a row deleted and inserted with other values",
    [remove("1", { id: "1", name: "old" }), insert("1")],
    [{ kind: "changed", key: "1", old: { id: "1", name: "old" }, new: { id: "1", name: "new" } }],
  ],
  ["a row deleted and inserted as it was", [remove("1"), insert("1", { id: "1", name: "1" })], []],
  [
    "a changed key",
    [move("1", "2", { id: "1", name: "a" })],
    [{ kind: "changed", key: "2", oldKey: "1", old: { id: "1", name: "a" }, new: { id: "2", name: "a" } }],
  ],
  [
    "a key changed twice",
    [move("1", "2", { id: "1" }), move("2", "3", { id: "2" })],
    [{ kind: "changed", key: "3", oldKey: "1", old: { id: "1" }, new: { id: "3" } }],
  ],
  ["a key that came back", [move("1", "2", { id: "1" }), move("2", "1", { id: "2" })], []],
  [
    "a row deleted under its new key",
    [move("1", "2"), remove("2", { id: "2", name: "1" })],
    [{ kind: "deleted", key: "1", old: { id: "1", name: "1" } }],
  ],
  [
    "a row inserted under a key that was left",
    [move("1", "2"), insert("1")],
    [
      { kind: "changed", key: "2", oldKey: "1", old: { id: "1", name: "1" }, new: { id: "2", name: "1" } },
      { kind: "inserted", key: "1", new: { id: "1", name: "new" } },
    ],
  ],
  [
    "a row that takes the place of a deleted one",
    [remove("2"), move("1", "2")],
    [
      { kind: "deleted", key: "2", old: { id: "2", name: "2" } },
      { kind: "changed", key: "2", oldKey: "1", old: { id: "1", name: "1" }, new: { id: "2", name: "1" } },
    ],
  ],
  [
    "keys swapped at once, under a key that is checked late",
    [move("1", "2"), move("2", "1")],
    [
      { kind: "changed", key: "2", oldKey: "1", old: { id: "1", name: "1" }, new: { id: "2", name: "1" } },
      { kind: "changed", key: "1", oldKey: "2", old: { id: "2", name: "2" }, new: { id: "1", name: "2" } },
    ],
  ],
  [
    "keys swapped by way of a third",
    [move("1", "0"), move("2", "1"), move("0", "2", { id: "0", name: "1" })],
    [
      { kind: "changed", key: "2", oldKey: "1", old: { id: "1", name: "1" }, new: { id: "2", name: "1" } },
      { kind: "changed", key: "1", oldKey: "2", old: { id: "2", name: "2" }, new: { id: "1", name: "2" } },
    ],
  ],
  [
    "a row inserted beside one that goes later, under a key that is checked late",
    [insert("1"), remove("1", { id: "1", name: "old" })],
    [{ kind: "changed", key: "1", old: { id: "1", name: "old" }, new: { id: "1", name: "new" } }],
  ],
  [
    "an update of one of two rows under a key",
    [
      move("1", "2", { id: "1", name: "one" }),
      update("2", { name: "two" }, { name: "deux" }),
      remove("2", { id: "2", name: "one" }),
    ],
    [
      { kind: "deleted", key: "1", old: { id: "1", name: "one" } },
      { kind: "changed", key: "2", old: { name: "two" }, new: { name: "deux" } },
    ],
  ],
  [
    "a TRUNCATE of which the rows are kept",
    [insert("3"), truncate("1"), truncate("3", { id: "3", name: "new" })],
    [{ kind: "deleted", key: "1", old: { id: "1", name: "1" } }],
  ],
  [
    "a TRUNCATE of which only the event is kept, as far as it can be told",
    [insert("3"), update("1", { a: "1" }, { a: "2" }), truncation, insert("4", { id: "4" })],
    [
      { kind: "deleted", key: "1", old: { a: "1" } },
      { kind: "inserted", key: "4", new: { id: "4" } },
    ],
  ],
  [
    "whole images",
    [update("1", { id: "1", a: "1", b: "x" }, { id: "1", a: "2", b: "x" })],
    [{ kind: "changed", key: "1", old: { id: "1", a: "1", b: "x" }, new: { id: "1", a: "2", b: "x" } }],
  ],
  [
    "whole images that come back",
    [
      update("1", { id: "1", a: "1" }, { id: "1", a: "2" }),
      update("1", { id: "1", a: "2" }, { id: "1", a: "1" }),
    ],
    [],
  ],
  [
    "lean images: a new value only where a later change tells it",
    [update("1", { a: "1" }, null), update("1", { b: "1" }, null), update("1", { b: "2" }, null)],
    [{ kind: "changed", key: "1", old: { a: "1", b: "1" }, new: {} }],
  ],
  ["a lean insert", [insert("1", null)], [{ kind: "inserted", key: "1", new: {} }]],
  ["a lean insert that is deleted again", [insert("1", null), remove("1")], []],
  [
    "a lean insert where a row was deleted",
    [remove("1"), insert("1", null)],
    [{ kind: "changed", key: "1", old: { id: "1", name: "1" }, new: {} }],
  ],
  [
    "redacted values: that they changed",
    [update("1", { token: hidden }, { token: hidden })],
    [{ kind: "changed", key: "1", old: { token: hidden }, new: { token: hidden } }],
  ],
  [
    "redacted values of a row deleted and inserted: they may have changed",
    [remove("1", { id: "1", token: hidden }), insert("1", { id: "1", token: hidden })],
    [{ kind: "changed", key: "1", old: { id: "1", token: hidden }, new: { id: "1", token: hidden } }],
  ],
  [
    "a digest that came back",
    [update("1", { a: digest("x") }, { a: "2" }), update("1", { a: "2" }, { a: digest("x") })],
    [],
  ],
  [
    "a value kept whole in one image and as a digest in the next",
    [insert("1", { id: "1", a: "long" }), remove("1", { id: "1", a: digest("long") })],
    [],
  ],
  [
    "rows without a key, one by one",
    [
      { ...insert("1", { a: "1" }), key: null },
      { ...update("1", { a: "1" }, { a: "2" }), key: null },
      { ...remove("1", { a: "2" }), key: null },
    ],
    [
      { kind: "inserted", key: null, new: { a: "1" } },
      { kind: "changed", key: null, old: { a: "1" }, new: { a: "2" } },
      { kind: "deleted", key: null, old: { a: "2" } },
    ],
  ],
  [
    "columns called like parts of objects",
    [update("1", JSON.parse('{"__proto__": "1", "constructor": "2"}'), JSON.parse('{"__proto__": "x"}'))],
    [
      {
        kind: "changed",
        key: "1",
        old: JSON.parse('{"__proto__": "1", "constructor": "2"}'),
        new: JSON.parse('{"__proto__": "x", "constructor": "2"}'),
      },
    ],
  ],
];

describe("netOf", () => {
  it.each(cases)("tells of %s", (_, changes, net) => {
    expect(netOf(changes)).toEqual(net);
  });

  it("takes keys for what they are", () => {
    const [difference] = netOf([remove("__proto__"), insert("__proto__", { id: "__proto__", name: "x" })]);
    expect(difference).toMatchObject({ kind: "changed", key: "__proto__" });
  });
});

describe("losesRows", () => {
  it("is true of a TRUNCATE without rows alone", () => {
    expect([truncation, truncate("1"), remove("1")].map(losesRows)).toEqual([true, false, false]);
  });
});
