import { describe, expect, it } from "vitest";
import { tokenize } from "../../src/core/sqlTokens.ts";

const texts = (sql: string) => tokenize(sql).map(({ kind, text }) => `${kind}:${text}`);

describe("tokenize", () => {
  it.each<[string, string[]]>([
    ["", []],
    [" \t\n-- all comment\n /* a /* nested */ one */ ", []],
    ["Select Ünï$1_x", ["word:select", "word:Ünï$1_x"]],
    ['"Odd.Name" "a""b" ""', ["quoted:Odd.Name", 'quoted:a"b', "quoted:"]],
    ["'it''s; (' ;", ["string:'it''s; ('", "symbol:;"]],
    ["'a\\' b", ["string:'a\\'", "word:b"]],
    ["E'a\\'; ''b' c", ["string:E'a\\'; ''b'", "word:c"]],
    ["n'x' B'01' x'ff' U&'d\\0061'", ["string:n'x'", "string:B'01'", "string:x'ff'", "string:U&'d\\0061'"]],
    ['u&"d\\0061t" x', ['quoted:u&"d\\0061t"', "word:x"]],
    ["$$a;'$$ $é1$ $$ ; $é1$", ["string:$$a;'$$", "string:$é1$ $$ ; $é1$"]],
    ["$1 a$b$c", ["number:$1", "word:a$b$c"]],
    [
      "1 1.5e-3 .5 0x1F 1_000 2.",
      ["number:1", "number:1.5e-3", "number:.5", "number:0x1F", "number:1_000", "number:2."],
    ],
    [
      "a.b::int[1:2]",
      [
        "word:a",
        "symbol:.",
        "word:b",
        "symbol::",
        "symbol::",
        "word:int",
        "symbol:[",
        "number:1",
        "symbol::",
        "number:2",
        "symbol:]",
      ],
    ],
    ["a--b\nc+/*d*/-e", ["word:a", "word:c", "symbol:+", "symbol:-", "word:e"]],
    ["e -'x'", ["word:e", "symbol:-", "string:'x'"]],
    ["x 'never ends; (", ["word:x", "open:'never ends; ("]],
    ['"never', ['open:"never']],
    ["$q$ never $$", ["open:$q$ never $$"]],
    ["a /* /* */ never", ["word:a", "open:/* /* */ never"]],
  ])("reads %j", (sql, expected) => {
    expect(texts(sql)).toEqual(expected);
  });

  it("tells where each stands", () => {
    expect(tokenize('a  "b"').map(({ at, end }) => [at, end])).toEqual([
      [0, 1],
      [3, 6],
    ]);
  });

  it("takes a quote of any length", () => {
    const long = `'${"x''".repeat(500_000)}'`;
    expect(tokenize(long).map(({ end }) => end)).toEqual([long.length]);
  });
});
