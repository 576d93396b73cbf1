import { describe, expect, it } from "vitest";
import { changedTexts, columnValue, valueText } from "../../src/output/value.ts";

describe("valueText", () => {
  it.each([
    [null, "null"],
    ["null", '"null"'],
    ["", '""'],
    [" x ", '" x "'],
    ['"x"', '""x""'],
    ["Ada Lovelace", "Ada Lovelace"],
    ["a\nb", "a\\nb"],
    ["7", "7"],
    [null, "null"],
  ])("shows %j as %s", (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  it("truncates inside the quotes", () => {
    expect(valueText(" abcdefgh", 8)).toBe('" abcd…"');
  });
});

describe("valueText of what is not kept", () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

  it("stands in brackets, whole, whatever the width", () => {
    expect(valueText({ redacted: true })).toBe("[redacted]");
    expect(valueText({ redacted: true }, 4)).toBe("[redacted]");
    expect(valueText({ digest, bytes: 3 * 1024 ** 2 })).toBe(`[3 MB, ${digest}]`);
    expect(valueText({ digest, bytes: 12 }, 8)).toBe(`[12 B, ${digest}]`);
  });

  it("can be told from a text that looks like it by its brackets alone only in the log", () => {
    expect(valueText("[redacted]")).toBe("[redacted]");
    expect(valueText('{"redacted": true}')).toBe('{"redacted": true}');
  });
});

describe("columnValue", () => {
  it("knows a column called __proto__ from the absence of one", () => {
    expect(columnValue(JSON.parse('{"__proto__": "x"}'), "__proto__")).toBe("x");
    expect(columnValue({ id: 1 }, "__proto__")).toBeUndefined();
    expect(columnValue(null, "id")).toBeUndefined();
  });
});

describe("changedTexts", () => {
  const same = "The quick brown fox jumps over ";

  it("gives both in full without widths", () => {
    expect(changedTexts(`${same}a`, `${same}b`)).toEqual({ before: `${same}a`, after: `${same}b` });
  });

  it("leaves out a long common beginning that would hide the difference", () => {
    expect(changedTexts(`${same}the dog`, `${same}a cat`, { before: 16, after: 16 })).toEqual({
      before: "… over the dog",
      after: "… over a cat",
    });
  });

  it("truncates at the end when the difference is near the beginning", () => {
    expect(changedTexts(`a ${same}.`, `b ${same}.`, { before: 10, after: 10 })).toEqual({
      before: "a The qui…",
      after: "b The qui…",
    });
  });

  it("leaves short values whole in their small shares", () => {
    expect(changedTexts("a@example", null, { before: 9, after: 4 })).toEqual({
      before: "a@example",
      after: "null",
    });
  });

  it("shows what is not kept beside what is, in full", () => {
    const digest = "sha256:00";
    const long = `${same}the dog`;
    expect(changedTexts({ redacted: true }, { redacted: true })).toEqual({
      before: "[redacted]",
      after: "[redacted]",
    });
    expect(changedTexts(long, { digest, bytes: 2048 }, { before: 12, after: 8 })).toEqual({
      before: "The quick b…",
      after: "[2 kB, sha256:00]",
    });
    expect(changedTexts({ digest, bytes: 2048 }, null, { before: 8, after: 8 })).toEqual({
      before: "[2 kB, sha256:00]",
      after: "null",
    });
  });
});
