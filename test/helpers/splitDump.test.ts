import { describe, expect, it } from "vitest";
import { splitDump } from "./splitDump.ts";

const statement = (text: string) => ({ kind: "statement", text });

describe("splitDump", () => {
  it.each<[string, string, string[]]>([
    ["two statements", "select 1; select 2;", ["select 1", "select 2"]],
    ["a last statement without semicolon", "select 1;\nselect 2\n", ["select 1", "select 2"]],
    ["empty statements", ";; select 1;;", ["select 1"]],
    ["a semicolon in a string", "select 'a;''b;';", ["select 'a;''b;'"]],
    ["a backslash in a plain string", "select 'a\\'; select 2;", ["select 'a\\'", "select 2"]],
    ["a backslash in an escape string", "select E'a\\';'; select 2;", ["select E'a\\';'", "select 2"]],
    ["a semicolon in a quoted name", 'select 1 as "a;""b";', ['select 1 as "a;""b"']],
    ["a dollar quote", "do $$ begin; end $$; select 2;", ["do $$ begin; end $$", "select 2"]],
    ["a dollar quote in another", "do $a$ x; $b$ y; $b$ $a$;", ["do $a$ x; $b$ y; $b$ $a$"]],
    ["a dollar inside a name", "select a$b$c; select 2;", ["select a$b$c", "select 2"]],
    ["a comment with a quote", "-- it's\nselect 1; -- done; really", ["select 1"]],
    ["nested comments", "/* a; /* b; */ c; */ select 1;", ["select 1"]],
    [
      "a semicolon in parentheses",
      "create rule r as on x to y do (a; b);",
      ["create rule r as on x to y do (a; b)"],
    ],
    [
      "an SQL-standard function body",
      "create function f() returns int begin atomic; select case when true then 1 end; end; select 2;",
      ["create function f() returns int begin atomic; select case when true then 1 end; end", "select 2"],
    ],
    ["a transaction", "begin; select 1; end;", ["begin", "select 1", "end"]],
    ["psql's own commands", "\\restrict abc;\nselect 1;\n\\unrestrict abc\n", ["select 1"]],
  ])("keeps %s together", (_what, text, expected) => {
    expect(splitDump(text)).toEqual(expected.map(statement));
  });

  it("takes the rows of a COPY as they are, up to the line that ends them", () => {
    const rows = "1\ta;b'\n2\t\\N\n3\t\\.x\n";
    const text = `COPY public.t (id, a) FROM stdin;\n${rows}\\.\n\nselect 1;`;
    expect(splitDump(text)).toEqual([
      { kind: "copy", text: "COPY public.t (id, a) FROM stdin", rows },
      statement("select 1"),
    ]);
  });

  it("takes a COPY without rows", () => {
    expect(splitDump("COPY t FROM stdin;\n\\.\n")).toEqual([
      { kind: "copy", text: "COPY t FROM stdin", rows: "" },
    ]);
  });

  it("does not take a COPY from a file for one with rows", () => {
    expect(splitDump("copy t from '/x'; select 1;")).toEqual([
      statement("copy t from '/x'"),
      statement("select 1"),
    ]);
  });

  it.each(["select 'a;", 'select "a;', "do $$ a;", "/* a;", "COPY t FROM stdin;\n1\n"])(
    "refuses a text that ends in the middle: %j",
    (text) => {
      expect(() => splitDump(text)).toThrow("no end");
    },
  );
});
