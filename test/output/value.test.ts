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
});
