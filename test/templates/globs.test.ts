import { describe, expect, it } from "vitest";
import { globToRegExp } from "../../src/core/columns.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });

async function matches(name: string, globs: readonly string[]): Promise<boolean> {
  const [row] = await database.sql<{ it: boolean }[]>`
    select audit._matches_glob(${name}, ${globs as string[]}::text[]) as it`;
  return row?.it === true;
}

const cases: readonly [string, string, boolean][] = [
  ["api_token", "*_token", true],
  ["api_token", "api_token", true],
  ["api_token", "api", false],
  ["api_token", "token", false],
  ["api_token", "*", true],
  ["api_token", "a*k?n", true],
  ["api_token", "*a*p*i*_*n*", true],
  ["API_token", "api_token", false],
  ["a100_", "a100_", true],
  ["a100x", "a100_", false],
  ["a100x", "a100?", true],
  ["a100", "a100?", false],
  ["a%b", "a%b", true],
  ["axb", "a%b", false],
  ["a!b", "a!b", true],
  ["a!", "a!", true],
  ["a\\_b", "a\\_b", true],
  ["a_b", "a\\_b", false],
  ["a.b", "a.b", true],
  ["axb", "a.b", false],
  ["a[b]", "a[b]", true],
  ["line\nbreak", "line*break", true],
  ["line\nbreak", "line?break", true],
  ["ünï", "ün?", true],
  ["\u{1F989}x", "?x", true],
];

describe("_matches_glob", () => {
  it.each(cases)("of %j by %j is %s", async (name, glob, expected) => {
    expect(await matches(name, [glob])).toBe(expected);
  });

  it("is true for one of several, and for none of none", async () => {
    expect(await matches("mood", ["x", "m*", "y"])).toBe(true);
    expect(await matches("mood", ["x", "y"])).toBe(false);
    expect(await matches("mood", [])).toBe(false);
  });

  it.each(cases)("agrees with what enable says beforehand: %j by %j", (name, glob, expected) => {
    expect(globToRegExp(glob).test(name)).toBe(expected);
  });
});
