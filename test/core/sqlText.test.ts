import { describe, expect, it } from "vitest";
import { sqlLiteral, sqlName, sqlType } from "../../src/core/sqlText.ts";

describe("sqlLiteral", () => {
  it.each([
    [null, "null"],
    ["", "''"],
    ["null", "'null'"],
    ["it's", "'it''s'"],
    ["back\\slash", "E'back\\\\slash'"],
    ["two\nlines, it's", "E'two\\nlines, it''s'"],
    ["\t\x1b[0m\x7f", "E'\\u0009\\u001b[0m\\u007f'"],
    ["a\u202eb\u{e0041}", "E'a\\u202eb\\U000e0041'"],
    ["naïve 名前 🦉", "'naïve 名前 🦉'"],
  ])("writes %j", (value, expected) => {
    expect(sqlLiteral(value)).toBe(expected);
  });
});

describe("sqlName", () => {
  it.each([
    ["users", "users"],
    ["select", '"select"'],
    ['Odd."Name', '"Odd.""Name"'],
    ["a\\b", '"a\\b"'],
    ['two\nlines "\\', 'U&"two\\000alines ""\\\\"'],
    ["\u{e0041}", 'U&"\\+0e0041"'],
  ])("writes %j", (name, expected) => {
    expect(sqlName(name)).toBe(expected);
  });
});

describe("sqlType", () => {
  it.each([
    ["numeric(10,2)[]", "numeric(10,2)[]"],
    ['shop."Odd""Type"', 'shop."Odd""Type"'],
    ['"s\n"."t""\u001b"(3)', 'U&"s\\000a".U&"t""\\001b"(3)'],
  ])("writes %j", (type, expected) => {
    expect(sqlType(type)).toBe(expected);
  });
});
