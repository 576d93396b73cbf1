import { describe, expect, it } from "vitest";
import { type ChangeTextOptions, changeText, historyText } from "../../src/output/history.ts";
import { createStyle } from "../../src/output/style.ts";
import type { Change } from "../../src/types.ts";
import { aChange as plainChange } from "../helpers/aChange.ts";

function aChange(change: Partial<Change> = {}): Change {
  return plainChange({
    id: "1",
    op: "insert",
    new: { id: "7", name: "Ada", email: "ada@example.org", bio: null, note: "" },
    actor: "app_user:123",
    ...change,
  });
}

const life: readonly Change[] = [
  aChange(),
  aChange({
    op: "update",
    tx: "900",
    at: "2026-11-22T11:15:00.5+00:00",
    old: { email: "ada@example.org", bio: null },
    new: { email: "ada@lovelace.uk", bio: " likes looms " },
    context: { reason: "ticket 4711: customer moved", request_id: "r1" },
  }),
  aChange({
    op: "update",
    tx: "901",
    at: "2026-11-22T11:58:00+00:00",
    key: "9",
    oldKey: "7",
    old: { id: "7", name: "Ada", email: "ada@lovelace.uk", bio: " likes looms ", note: "" },
    new: { id: "9" },
    actor: null,
    role: "admin",
  }),
  aChange({
    op: "delete",
    tx: "950",
    at: "2026-11-22T11:59:58+00:00",
    key: "9",
    old: { id: "9", name: "Ada", bio: null },
    new: null,
    actor: "shop",
  }),
];

const options: ChangeTextOptions = {
  now: new Date("2026-11-22T12:00:00Z"),
  zone: "Europe/Berlin",
  style: createStyle(false),
  width: 120,
};

describe("historyText", () => {
  it("tells a row's life", () => {
    expect(historyText(life, options)).toMatchInlineSnapshot(`
      "2026-11-22 11:00:00.123456+01:00 (1 hour ago)      insert  app_user:123 (shop)  tx 812  change 1
        id     7
        name   Ada
        email  ada@example.org
        bio    null
        note   ""
      2026-11-22 12:15:00.5+01:00 (44 minutes ago)  update  app_user:123 (shop)  "ticket 4711: customer moved"  tx 900
        email  ada@example.org → ada@lovelace.uk
        bio    null → " likes looms "
      2026-11-22 12:58:00+01:00 (2 minutes ago)   update 7 → 9  shop as admin  tx 901  change 1
        id  7 → 9
      2026-11-22 12:59:58+01:00 (just now)        delete  shop  tx 950  change 1
        id    9
        name  Ada
        bio   null
      "
    `);
  });

  it("tells it in colour on a narrow terminal", () => {
    expect(historyText(life, { ...options, style: createStyle(true), width: 80 })).toMatchInlineSnapshot(`
      "2026-11-22 11:00:00 [2m(1 hour ago)[22m      [32minsert[39m  app_user:123 [2m(shop)[22m  [2mtx 812[22m
        [36mid[39m     7
        [36mname[39m   Ada
        [36memail[39m  ada@example.org
        [36mbio[39m    [2mnull[22m
        [36mnote[39m   ""
      2026-11-22 12:15:00 [2m(44 minutes ago)[22m  [33mupdate[39m  app_user:123 [2m(shop)[22m  [2mtx 900[22m
        — ticket 4711: customer moved
        [36memail[39m  ada@example.org [2m→[22m ada@lovelace.uk
        [36mbio[39m    [2mnull[22m [2m→[22m " likes looms "
      2026-11-22 12:58:00 [2m(2 minutes ago)[22m   [33mupdate[39m 7 [2m→[22m [1m9[22m  shop as admin  [2mtx 901[22m
        [36mid[39m  7 [2m→[22m 9
      2026-11-22 12:59:58 [2m(just now)[22m        [31mdelete[39m  shop  [2mtx 950  change 1[22m
      [2m  [36mid[39m    9[22m
      [2m  [36mname[39m  Ada[22m
      [2m  [36mbio[39m   [2mnull[22m[2m[22m
      "
    `);
  });

  it("leaves out what depends on the moment when stdout is no terminal", () => {
    expect(historyText(life.slice(1, 2), { ...options, width: undefined })).toMatchInlineSnapshot(`
      "2026-11-22 12:15:00.5+01:00  update  app_user:123 (shop)  "ticket 4711: customer moved"  tx 900  change 1
        email  ada@example.org → ada@lovelace.uk
        bio    null → " likes looms "
      "
    `);
  });

  it("says nothing of no changes", () => {
    expect(historyText([], options)).toBe("");
  });

  it("is the changes' texts joined, so that a loop may stream it", () => {
    const many = Array.from({ length: 500 }, (_, id) => aChange({ id: String(id) }));
    expect(historyText(many, options)).toBe(many.map((change) => changeText(change, options)).join(""));
  });
});

describe("changeText", () => {
  const header = (change: Partial<Change>, more: Partial<ChangeTextOptions> = {}) =>
    changeText(aChange(change), { ...options, ...more }).split("\n")[0];

  it("names the key among several rows, and the table among several tables", () => {
    expect(header({}, { subject: "key" })).toContain("insert 7  app_user:123");
    expect(header({}, { subject: "table" })).toContain("insert public.users 7  app_user:123");
    expect(header({ op: "truncate", key: null, new: null }, { subject: "table" })).toContain(
      "truncate public.users  app_user:123",
    );
    expect(header({ key: "" }, { subject: "key" })).toContain('insert ""  ');
  });

  it.each([
    [{ actor: null }, "  shop  tx"],
    [{ actor: "shop" }, "  shop  tx"],
    [{ actor: "ada" }, "  ada (shop)  tx"],
    [{ actor: "ada", role: "admin" }, "  ada (shop as admin)  tx"],
    [{ actor: null, role: "shop" }, "  shop  tx"],
    [{ actor: "postgres (shop)" }, '  "postgres (shop)" (shop)  tx'],
    [{ actor: "evil\x1b[2J" }, "  evil\\x1b[2J (shop)  tx"],
  ])("says who: %j", (change, who) => {
    expect(header(change)).toContain(who);
  });

  it("gives a reason that does not fit its own line on a terminal, cut to the width", () => {
    const context = { reason: "because ".repeat(50) };
    const [first, second] = changeText(aChange({ context }), options).split("\n");
    expect(first).toBe(header({}));
    expect(second).toMatch(/^ {2}— because because .*…$/);
    expect(second).toHaveLength(120);
    expect(header({ context }, { width: undefined })).toContain("because ".repeat(50));
  });

  it("gives the transaction a line of its own rather than let it wrap", () => {
    const change = { key: "a-long-key-such-as-a-uuid" };
    const narrow = { ...options, subject: "key", width: 86 } as const;
    const line =
      "2026-11-22 11:00:00 (1 hour ago)      insert a-long-key-such-as-a-uuid  app_user:123 (shop)";
    expect(changeText(aChange({ ...change, new: null }), narrow)).toBe(`${line}\n  tx 812  change 1\n`);
    expect(changeText(aChange({ ...change, new: null, context: { reason: "ticket 4711" } }), narrow)).toBe(
      `${line}\n  tx 812  change 1  — ticket 4711\n`,
    );
  });

  it("leaves out the change's number where its transaction's just fits, unless all is asked for", () => {
    const tight = { subject: "key", width: 92 } as const;
    expect(header({}, tight)).toMatch(/tx 812 {2}change 1$/);
    expect(header({ key: "a-long-key-such-as" }, tight)).toMatch(/ {2}tx 812$/);
    const verbose = changeText(aChange({ key: "a-long-key-such-as" }), {
      ...options,
      ...tight,
      verbose: true,
    });
    expect(verbose.split("\n")[1]).toBe("  tx 812  change 1");
  });

  it("ignores a reason that is no text", () => {
    expect(header({ context: { reason: 5 } })).toBe(header({}));
  });

  it("folds columns that whole images show on both sides unchanged", () => {
    const text = changeText(
      aChange({
        op: "update",
        old: { id: "7", name: "Ada", age: "36" },
        new: { id: "7", name: "Ada", age: "37" },
      }),
      options,
    );
    expect(text.split("\n").slice(1)).toEqual(["  age  36 → 37", ""]);
  });

  it("shows a new value that was not kept as unknown", () => {
    const text = changeText(aChange({ op: "update", old: { name: "Ada" }, new: null }), options);
    expect(text).toContain("  name  Ada → ?\n");
  });

  it("tells a text null from NULL", () => {
    const text = changeText(aChange({ op: "update", old: { name: null }, new: { name: "null" } }), options);
    expect(text).toContain('  name  null → "null"\n');
  });

  it("fits long values to the terminal and shows where they differ", () => {
    const long = "lorem ipsum ".repeat(40);
    const change = aChange({
      op: "update",
      old: { bio: `${long}old`, name: "Ada", prefix: `a${long}` },
      new: { bio: `${long}new`, name: long, prefix: `b${long}` },
    });
    const text = changeText(change, { ...options, width: 60 });
    expect(text.split("\n").slice(2).join("\n")).toMatchInlineSnapshot(`
      "  bio     …ipsum old → …ipsum new
        name    Ada → "lorem ipsum lorem ipsum lorem ipsum lorem…"
        prefix  "alorem ipsum lorem i…" → "blorem ipsum lorem i…"
      "
    `);
    expect(changeText(change, { ...options, width: undefined })).toContain(`${long}old → ${long}new`);
  });

  it("escapes columns and values", () => {
    const text = changeText(aChange({ new: { "a\x1bb": "c\nd\u202e" } }), options);
    expect(text).toContain("  a\\x1bb  c\\nd\\u202e\n");
  });

  it("shows the rows a truncate took", () => {
    const text = changeText(aChange({ op: "truncate", old: { id: "7" }, new: null }), options);
    expect(text).toContain("\n  id  7\n");
  });

  it("shows that a redacted value changed, and never says to what", () => {
    // As they are read from the log: an object each.
    const hidden = () => ({ redacted: true }) as const;
    const redacted = aChange({
      op: "update",
      old: { token: hidden(), name: "Ada" },
      new: { token: hidden(), name: "Ida" },
    });
    expect(linesOf(redacted)).toEqual(["  token  [redacted] → [redacted]", "  name   Ada → Ida"]);
    expect(linesOf(aChange({ new: { id: "7", token: hidden() } }))).toEqual([
      "  id     7",
      "  token  [redacted]",
    ]);
  });

  it("shows a redacted value that changed where new images are not kept", () => {
    const lean = aChange({ op: "update", old: { token: { redacted: true } }, new: null });
    expect(linesOf(lean)).toEqual(["  token  [redacted] → ?"]);
  });

  it("shows what stands for values of a row too large, and that they changed", () => {
    const digest = (text: string) => ({ digest: `sha256:${text}`, bytes: 2_097_152 });
    const large = aChange({ op: "update", old: { body: digest("aa") }, new: { body: digest("bb") } });
    expect(linesOf(large)).toEqual(["  body  [2 MB, sha256:aa] → [2 MB, sha256:bb]"]);
    const shrunk = aChange({ op: "update", old: { body: digest("aa") }, new: { body: "short" } });
    expect(linesOf(shrunk)).toEqual(["  body  [2 MB, sha256:aa] → short"]);
  });

  it("folds values that whole images show unchanged as digests on both sides", () => {
    const image = (name: string, bytes = 2_097_152) => ({ name, body: { digest: "sha256:aa", bytes } });
    const change = aChange({ op: "update", old: image("Ada"), new: image("Ida") });
    expect(linesOf(change)).toEqual(["  name  Ada → Ida"]);
    const other = aChange({ op: "update", old: image("Ada"), new: image("Ada", 3_145_728) });
    expect(linesOf(other)).toEqual(["  body  [2 MB, sha256:aa] → [3 MB, sha256:aa]"]);
  });

  function linesOf(change: Change): string[] {
    return changeText(change, options).trimEnd().split("\n").slice(1);
  }
});
