import { describe, expect, it } from "vitest";
import { memberText, type ShownChange, shownChangeJson, shownChangeText } from "../../src/output/show.ts";
import { createStyle } from "../../src/output/style.ts";
import type { Change } from "../../src/types.ts";
import { aChange as plainChange } from "../helpers/aChange.ts";

function aChange(change: Partial<Change> = {}): Change {
  return plainChange({
    id: "4711",
    old: { id: "7", name: "Ada", bio: null },
    new: { id: "7", name: "Ida", bio: "null" },
    actor: "ana\x1b",
    role: "admin",
    clientAddr: "10.0.0.1",
    context: { reason: "moved\n", request_id: "r1", deep: { n: 1 } },
    ...change,
  });
}

function aShown(change: Partial<Change> = {}): ShownChange {
  return {
    change: aChange(change),
    transaction: {
      era: 1,
      firstId: "4709",
      lastId: "6000",
      firstAt: "2026-11-22T10:00:00+00:00",
      lastAt: "2026-11-22T10:00:01+00:00",
      changes: 1200,
    },
    place: 3,
    before: aChange({ id: "4000", tx: "700", op: "insert" }),
    after: undefined,
  };
}

const options = {
  now: new Date("2026-11-22T12:00:00Z"),
  zone: "Europe/Berlin",
  style: createStyle(false),
  width: 60,
};

describe("shownChangeText", () => {
  it("tells everything that is known of a change", () => {
    expect(shownChangeText(aShown(), options)).toMatchInlineSnapshot(`
      "change 4711  update  public.users 7
        at           2026-11-22 11:00:00.123456+01:00 (1 hour ago)
        transaction  tx:812, change 3 of 1,200 (4709 to 6000)
        actor        ana\\x1b
        db user      shop
        role         admin
        client       10.0.0.1
        reason       moved\\n
        context      request_id: r1
        context      deep: {"n":1}
        before       change:4000 (insert, tx:700)
        after        none recorded

        id    7 (unchanged)
        name  Ada → Ida
        bio   null → "null"
      "
    `);
  });

  it("cuts no value: sides that do not fit a line stand below each other", () => {
    const long = "lorem ipsum ".repeat(20);
    const text = shownChangeText(aShown({ old: { bio: long }, new: { bio: `${long}.` } }), options);
    expect(text).toContain(`\n  bio  "${long}"\n     → ${long}.\n`);
    const wide = shownChangeText(aShown({ old: { bio: long }, new: { bio: "x" } }), {
      ...options,
      width: undefined,
    });
    expect(wide).toContain(`\n  bio  "${long}" → x\n`);
  });

  it("shows what is not kept", () => {
    const lean = shownChangeText(
      aShown({ old: { name: "Ada", token: { redacted: true } }, new: null }),
      options,
    );
    expect(lean).toContain("  name   Ada → ?\n  token  [redacted] → ?\n");
    const inserted = shownChangeText(
      aShown({ op: "insert", old: null, new: { id: "7", name: null } }),
      options,
    );
    expect(inserted.endsWith("\n\n  id    7\n  name  null\n")).toBe(true);
  });

  it("tells of a key that changed, and of a truncate without key", () => {
    expect(shownChangeText(aShown({ oldKey: "5" }), options)).toMatch(
      /^change 4711 {2}update {2}public.users 5 → 7\n/,
    );
    const truncate = aShown({ op: "truncate", key: null, old: null, new: null });
    const text = shownChangeText({ ...truncate, before: undefined }, options);
    expect(text).toMatch(/^change 4711 {2}truncate {2}public.users\n/);
    expect(text).not.toContain("before");
  });
});

it("shows a change as JSON with what stands around it", () => {
  expect(shownChangeJson(aShown())).toMatchObject({
    id: "4711",
    old_key: null,
    context: { reason: "moved\n" },
    transaction: { tx: "812", era: 1, first_id: "4709", last_id: "6000", changes: 1200, place: 3 },
    before: { id: "4000", tx: "700", op: "insert", at: "2026-11-22T10:00:00.123456+00:00" },
    after: null,
  });
});

describe("memberText", () => {
  it("leaves out what all changes of the transaction have in common", () => {
    expect(memberText(aChange(), options, 1)).toMatchInlineSnapshot(`
      "update  public.users 7  change 4711
        name  Ada → Ida
        bio   null → "null"
      "
    `);
    expect(memberText(aChange({ new: null, old: null }), options, 2)).toMatchInlineSnapshot(`
      "update  public.users 7  change 4711  ana\\x1b (shop as admin)  "moved\\n"
      "
    `);
  });
});
