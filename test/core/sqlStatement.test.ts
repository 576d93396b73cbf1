import { describe, expect, it } from "vitest";
import { parseReading } from "../../src/core/sqlStatement.ts";
import { caretOf, userErrorOf } from "../helpers/userError.ts";

describe("parseReading", () => {
  it.each([
    ["select 1", "select 1"],
    [" \n select 1 ; ; -- done\n", " \n select 1"],
    ["SELECT ';' /* ; */ -- ;", "SELECT ';'"],
    ["with a as (select 1) table a", "with a as (select 1) table a"],
    ["((values (1)) union all select 2);", "((values (1)) union all select 2)"],
    ["table users", "table users"],
  ])("takes %j", (sql, text) => {
    expect(parseReading(sql).text).toBe(text);
  });

  it.each<[string, RegExp, number]>([
    ["", /^There is no query/, -1],
    [" -- nothing\n;;", /^There is no query/, -1],
    ["delete from users", /"delete" begins none of these/, 0],
    ["( explain select 1)", /"explain" begins none of these/, 2],
    ["\\d", /"\\" begins none/, 0],
    ["select 1; select 2", /^Only one statement/, 10],
    ["select 1) as a, (select 2", /^This parenthesis has no partner/, 8],
    ["select (1", /^This parenthesis has no partner/, 7],
    ["select 1 + $1", /^There is no value for \$1/, 11],
    ["select 'a", /^What is opened here is never closed/, 7],
    ["select 1 /* ;", /^What is opened here/, 9],
    ["'", /^What is opened here/, 0],
  ])("refuses %j", (sql, message, place) => {
    const error = userErrorOf(() => parseReading(sql));
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(message);
    expect(caretOf(error)).toBe(place);
  });

  it("shows the line in question only, and of a long one the part around the place", () => {
    const error = userErrorOf(() => parseReading("select 1\n; drop table\x1b x"));
    expect(error.message.split("\n").slice(1)).toEqual(["  ; drop table\\x1b x", "    ^"]);
    const long = userErrorOf(() => parseReading(`select ${"a, ".repeat(50)}1); ${"b".repeat(100)}`));
    const [, line = "", caret = ""] = long.message.split("\n");
    expect(line.length).toBeLessThan(130);
    expect([line[2], line.at(-1), line[caret.indexOf("^")]]).toEqual(["…", "…", "b"]);
  });
});
