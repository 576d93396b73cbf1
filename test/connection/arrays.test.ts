import { describe, expect, it } from "vitest";
import { arrayLiteral, parseArray } from "../../src/connection/arrays.ts";

describe("parseArray", () => {
  it.each([
    ["{}", []],
    ["{1,2}", ["1", "2"]],
    ['{a,NULL,"NULL",""}', ["a", null, "NULL", ""]],
    ['{"a,b","{}","q\\"q","b\\\\b"," x "}', ["a,b", "{}", 'q"q', "b\\b", " x "]],
    [
      "{{1,2},{3,NULL}}",
      [
        ["1", "2"],
        ["3", null],
      ],
    ],
    ["[0:1]={1,2}", ["1", "2"]],
  ])("reads %s", (text, expected) => {
    expect(parseArray(text)).toEqual(expected);
  });
});

describe("arrayLiteral", () => {
  it.each([
    [[], "{}"],
    [[1, 2n, true], '{"1","2","true"}'],
    [["a", null, "NULL", 'q"\\'], '{"a",NULL,"NULL","q\\"\\\\"}'],
    [[[1], [2]], '{{"1"},{"2"}}'],
    [[new Uint8Array([1, 255])], '{"\\\\x01ff"}'],
  ])("writes %s as %s", (values, expected) => {
    expect(arrayLiteral(values)).toBe(expected);
  });

  it("writes what parseArray reads", () => {
    const values = ["", "a,b", 'q"', "b\\", "{x}", "NULL", null, "ü\n"];
    expect(parseArray(arrayLiteral(values))).toEqual(values);
  });
});
