import { describe, expect, it } from "vitest";
import { createStyle } from "../../src/output/style.ts";

describe("createStyle", () => {
  it("returns text untouched when colour is off", () => {
    const style = createStyle(false);
    expect(style.bold(style.red("x"))).toBe("x");
  });

  it("colours when colour is on, whatever stdout is", () => {
    const style = createStyle(true);
    expect(style.red("x")).toBe("\x1b[31mx\x1b[39m");
    expect(style.bold("x")).toBe("\x1b[1mx\x1b[22m");
  });

  it("keeps two streams apart", () => {
    const [on, off] = [createStyle(true), createStyle(false)];
    expect([on.dim("x"), off.dim("x"), on.dim("x")]).toEqual(["\x1b[2mx\x1b[22m", "x", "\x1b[2mx\x1b[22m"]);
  });

  it("leaves empty text empty", () => {
    expect(createStyle(true).green("")).toBe("");
  });
});
