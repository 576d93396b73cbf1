import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globToRegExp, resolveColumns } from "../../src/core/columns.ts";
import { ExitCode } from "../../src/errors.ts";
import { caretOf, userErrorOf } from "../helpers/userError.ts";

const columns = ["id", "name", "hair_color", "hair_length", "Odd", "Odd*", "a*b", "axb", "__proto__"];
const options = { flag: "--exclude", table: "public.users", keyColumns: ["id"] };

describe("resolveColumns", () => {
  it.each([
    ["a name", ["name"], ["name"]],
    ["a folded name", ["NAME"], ["name"]],
    ["a quoted name", ['"Odd"'], ["Odd"]],
    ["a quoted star as itself", ['"Odd*"'], ["Odd*"]],
    ["a star", ["hair_*"], ["hair_color", "hair_length"]],
    ["a folded glob", ["HAIR_*"], ["hair_color", "hair_length"]],
    ["question marks", ["n??e"], ["name"]],
    ["a column called like the glob before what it would match", ["a*b"], ["a*b"]],
    [
      "several, once each and in the table's order",
      ["hair_length", "hair_*", "name"],
      ["name", "hair_color", "hair_length"],
    ],
    ["a name JavaScript knows", ["__proto__"], ["__proto__"]],
    ["nothing", [], []],
  ])("takes %s", (_name, patterns, expected) => {
    expect(resolveColumns(patterns, columns, options)).toEqual({ columns: expected, notes: [] });
  });

  it("notes a glob that matches nothing", () => {
    expect(resolveColumns(["x_*"], columns, options)).toEqual({
      columns: [],
      notes: ["No column of public.users matches --exclude x_*."],
    });
  });

  it("allows every column but the key's", () => {
    expect(resolveColumns(["a", "b"], ["id", "a", "b"], options).columns).toEqual(["a", "b"]);
    expect(resolveColumns(["*"], ["a", "b"], { ...options, keyColumns: [] }).columns).toEqual(["a", "b"]);
  });

  it("names every fault at once, and the columns there are", () => {
    const error = userErrorOf(() => resolveColumns(["hair_colour", "zzzzzz", "id", "i?"], columns, options));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toBe(
      [
        '--exclude: public.users has no column "hair_colour". Did you mean "hair_color"?',
        '--exclude: public.users has no column "zzzzzz".',
        '--exclude: "id" is part of the key of public.users and cannot be excluded: a change finds its row by it.',
      ].join("\n"),
    );
    expect(error.hint).toBe(`Columns of public.users: ${columns.join(", ")}.`);
  });

  it("suggests the quoted form's name for a column in capitals", () => {
    expect(userErrorOf(() => resolveColumns(["Odd"], columns, options)).message).toContain(
      'Did you mean "Odd"',
    );
  });

  it("refuses a glob that takes a key column along, and says which flag and glob", () => {
    const error = userErrorOf(() => resolveColumns(["*"], columns, { ...options, flag: "--redact" }));
    expect(error.message).toBe(
      '--redact: "id" is part of the key of public.users and cannot be redacted, though * matches it: a change finds its row by it.',
    );
  });

  it.each([
    ["", 0, "it is empty"],
    ["hair color", 4, 'a name with " " in it has to be written in double quotes'],
    ["a,b", 1, 'a name with "," in it'],
    ['"Odd', 0, "never closed"],
    ['"Odd"*', 5, "something follows the closing quote"],
    ['""', 0, "cannot be empty"],
  ])("refuses the pattern %j with a caret at %i", (pattern, position, problem) => {
    const error = userErrorOf(() => resolveColumns([pattern], columns, options));
    expect(error.message).toContain("is not a column name or glob for --exclude");
    expect(error.message).toContain(problem);
    expect(caretOf(error)).toBe(position);
  });
});

describe("globToRegExp", () => {
  it("matches what a glob means, whatever the characters", () => {
    const unit = fc.constantFrom("a", "b", ".", "\\", "$", "^", "(", "|", "\n", "é", "😀");
    const glob = fc.string({ unit: fc.oneof(unit, fc.constantFrom("*", "?", "*", "?")), maxLength: 8 });
    fc.assert(
      fc.property(glob, fc.string({ unit, maxLength: 8 }), (pattern, text) => {
        expect(globToRegExp(pattern).test(text)).toBe(means([...pattern], [...text]));
      }),
      { numRuns: 2000 },
    );
  });

  it("does not take for ever over many stars", () => {
    expect(globToRegExp(`${"*a".repeat(30)}*b`).test("a".repeat(63))).toBe(false);
  });
});

/** The definition of a glob. */
function means([first, ...pattern]: string[], text: string[]): boolean {
  if (first === undefined) return text.length === 0;
  if (first === "*") return text.concat("").some((_, skipped) => means(pattern, text.slice(skipped)));
  return text.length > 0 && (first === "?" || first === text[0]) && means(pattern, text.slice(1));
}
