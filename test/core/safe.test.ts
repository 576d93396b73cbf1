import { describe, expect, it } from "vitest";
import { displayWidth, escapeControls, safeLines, safeText, truncateTo } from "../../src/core/safe.ts";

describe("escapeControls", () => {
  it.each([
    ["a newline", "a\nb", "a\\nb"],
    ["tab and return", "\t\r", "\\t\\r"],
    ["NUL", "\0", "\\x00"],
    ["an escape sequence", "\x1b[2J", "\\x1b[2J"],
    ["OSC with bell", "\x1b]0;title\x07", "\\x1b]0;title\\x07"],
    ["DEL", "\x7f", "\\x7f"],
    ["C1 control sequence introducer", "\x9b31m", "\\x9b31m"],
    ["bidi override and isolate", "\u202e\u2066", "\\u202e\\u2066"],
    ["left-to-right mark", "\u200e", "\\u200e"],
    ["zero-width space and byte order mark", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["soft hyphen", "a\u00adb", "a\\xadb"],
    ["line separators", "\u2028\u2029", "\\u2028\\u2029"],
    ["a tag character", "\u{e0041}", "\\u{e0041}"],
    ["lone surrogates", "\ud800a\udfff", "\\ud800a\\udfff"],
    ["a joiner outside emoji", "a\u200db", "a\\u200db"],
    ["a variation selector after a letter", "a\ufe0f", "a\\ufe0f"],
    ["a Hangul filler", "\u3164", "\\u3164"],
  ])("shows %s escaped", (_name, text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  it.each([
    "plain text, 100 %",
    "C:\\x1b",
    "naïve café",
    "e\u0301",
    "日本語",
    "👨‍👩‍👧",
    "❤️‍🔥",
    "👩🏽‍🚀",
    "1️⃣",
    "🇩🇪",
    "葛\u{e0100}",
    "العربية",
  ])("leaves %j as it is", (text) => {
    expect(escapeControls(text)).toBe(text);
  });

  it("takes linear time on long hostile text", () => {
    const started = performance.now();
    expect(escapeControls("\ufe0f\u200d".repeat(100_000))).toHaveLength(1_200_000);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("displayWidth", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["e\u0301", 1],
    ["日本語", 6],
    ["한글", 4],
    ["\u1112\u1161\u11ab", 2],
    ["Ａ", 2],
    ["日→é", 4],
    ["👍🏽", 2],
    ["👨‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["→…", 2],
  ])("counts %j as %d cells", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it("stops counting once the limit is passed", () => {
    expect(displayWidth("日".repeat(1000), 10)).toBe(12);
  });
});

describe("truncateTo", () => {
  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["abcd", 1, "…"],
    ["abcd", 0, ""],
    ["", 0, ""],
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["👨‍👩‍👧👨‍👩‍👧", 3, "👨‍👩‍👧…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ])("fits %j into %d cells", (text, width, fitted) => {
    expect(truncateTo(text, width)).toBe(fitted);
  });

  it("does not look at what it does not show", () => {
    const huge = "日".repeat(20_000_000);
    const started = performance.now();
    expect(truncateTo(huge, 5)).toBe("日日…");
    expect(performance.now() - started).toBeLessThan(500);
  });

  it("marks as cut what piles up marks in one cell", () => {
    const shown = truncateTo(`a${"\u0301".repeat(10_000)}`, 10);
    expect(shown.length).toBeLessThan(200);
    expect(shown.endsWith("…")).toBe(true);
  });
});

describe("safeText", () => {
  it("escapes first and truncates what is then shown", () => {
    expect(safeText("\x1b\x1b", 6)).toBe("\\x1b\\…");
  });

  it("gives the whole text without a width", () => {
    expect(safeText(`${"x".repeat(500)}\n`)).toBe(`${"x".repeat(500)}\\n`);
  });
});

it("keeps the lines of a message, and escapes what else is in them", () => {
  expect(safeLines("a\x1b\n\tb\r\n")).toBe("a\\x1b\n\\tb\\r\n");
});
