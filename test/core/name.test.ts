import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatTableName,
  parseIdentifier,
  parseTableName,
  quoteIdentifier,
  tableLabel,
} from "../../src/core/name.ts";
import { ExitCode } from "../../src/errors.ts";
import { caretOf, userErrorOf } from "../helpers/userError.ts";

const long = "n".repeat(63);

describe("parseTableName", () => {
  it.each([
    ["users", undefined, "users"],
    ["Public.Users", "public", "users"],
    ['"Odd.Name"', undefined, "Odd.Name"],
    ['"My ""Schema""".tab', 'My "Schema"', "tab"],
    [" public . users ", "public", "users"],
    ["_x$1", undefined, "_x$1"],
    ["ÄÖé", undefined, "ÄÖé"],
    ["été.İx", "été", "İx"],
    ["order", undefined, "order"],
    ['""""', undefined, '"'],
    ['"a\nb"', undefined, "a\nb"],
    ['"__proto__".constructor', "__proto__", "constructor"],
    [long, undefined, long],
    [`"${"é".repeat(31)}x"`, undefined, `${"é".repeat(31)}x`],
  ])("reads %j", (text, schema, table) => {
    expect(parseTableName(text)).toEqual({ schema, table });
  });

  it.each([
    ["", 0, "it is empty"],
    [" ", 1, "a name is missing"],
    ["public.", 7, "a name is missing"],
    [".users", 0, "it is empty"],
    ["a..b", 2, "a name is missing"],
    ['""', 0, "cannot be empty"],
    ['public.""', 7, "cannot be empty"],
    ['"Odd', 0, "never closed"],
    ['a."b""', 2, "never closed"],
    ["a.b.c", 4, "more than two parts"],
    ['"a"b', 3, "something follows the closing quote"],
    ['"a" b', 4, "something follows the closing quote"],
    ["two words", 4, 'a name with "w" here has to be written in double quotes'],
    ["1st", 0, 'a name with "1" here'],
    ["a-b", 1, 'a name with "-" here'],
    ["users;drop", 5, 'a name with ";" here'],
    ['users"x"', 5, `a name with """ here`],
    [`public.${long}n`, 7, "has 64 bytes, and PostgreSQL keeps no more than 63"],
    [`"${"é".repeat(32)}"`, 0, "has 64 bytes"],
    ["a\0b", 1, "a character that no name can hold"],
    ["a\ud800", 1, "a character that no name can hold"],
  ])("refuses %j with a caret at %i: %s", (text, position, problem) => {
    const error = userErrorOf(() => parseTableName(text));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
  });
});

describe("parseIdentifier", () => {
  it.each([
    ["Audit", "audit"],
    ['"My.Audit"', "My.Audit"],
  ])("reads %j as %j", (text, name) => {
    expect(parseIdentifier(text)).toBe(name);
  });

  it("refuses a second part, pointing at the dot", () => {
    const error = userErrorOf(() => parseIdentifier("public.users"));
    expect(error.message).toContain("one name is expected here, without a dot");
    expect(caretOf(error)).toBe(6);
  });
});

describe("quoteIdentifier", () => {
  it.each([
    ["users", "users"],
    ["Users", '"Users"'],
    ["user", '"user"'],
    ["order", '"order"'],
    ["json_table", '"json_table"'],
    ["name", "name"],
    ["1st", '"1st"'],
    ["a$b", '"a$b"'],
    ['say "hi"', '"say ""hi"""'],
    ["é", '"é"'],
    ["", '""'],
    ["constructor", "constructor"],
  ])("writes %j as %s, like quote_ident", (name, expected) => {
    expect(quoteIdentifier(name)).toBe(expected);
  });

  it("refuses NUL", () => {
    expect(userErrorOf(() => quoteIdentifier("a\0")).message).toBe(
      'The name "a\\x00" contains a NUL character.',
    );
  });
});

it("reads back every name it writes", () => {
  const name = fc
    .string({
      unit: fc.oneof(fc.constantFrom(..."aZ_1$.\" '\n"), fc.string({ unit: "grapheme" })),
      minLength: 1,
      maxLength: 12,
    })
    .filter((text) => !text.includes("\0") && new TextEncoder().encode(text).length <= 63 && text !== "");
  fc.assert(
    fc.property(fc.option(name, { nil: undefined }), name, (schema, table) => {
      const text = formatTableName({ schema, table });
      expect(parseTableName(text)).toEqual({ schema, table });
    }),
  );
});

it.each([
  ["public", "users", "public.users"],
  ["public", "Users", 'public."Users"'],
  ["a.b", 'say "hi"', '"a.b"."say ""hi"""'],
  ["public", "a\nb", 'public."a\\nb"'],
])("shows %j.%j so that it pastes back: %s", (schema, table, label) => {
  expect(tableLabel({ schema, table })).toBe(label);
});
