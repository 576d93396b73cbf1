import { describe, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { updated } = changesOf("item");

/** A column: its type, then two values as SQL literals and as the texts that PostgreSQL writes for them. */
type Value = readonly [type: string, before: string, after: string, beforeText?: string, afterText?: string];

const text = (literal: string) => literal.slice(1, -1).replaceAll("''", "'");

describe.each(forms)("The values of a table %s", (_form, form) => {
  const { audited, run, expectChanges } = usePath(database, form);

  /** One update per column, each of which has to be a change of that column alone, and none the second time. */
  async function expectEachRecorded(setup: string, values: readonly Value[]): Promise<void> {
    const columns = values.map(([type], place) => `c${place} ${type}`);
    await audited(`
      ${setup};
      create table item (id int primary key, ${columns.join(", ")});
      insert into item values (1, ${values.map(([, before]) => before).join(", ")})`);
    for (const [place, [, , after]] of values.entries()) {
      await run(`update item set c${place} = ${after}`, `update item set c${place} = ${after}`);
    }
    const recorded = (literal: string, written: string | undefined) =>
      written ?? (literal === "null" ? null : text(literal));
    await expectChanges(
      ...values.map(([, before, after, beforeText, afterText], place) =>
        updated(
          "1",
          { [`c${place}`]: recorded(before, beforeText) },
          { [`c${place}`]: recorded(after, afterText) },
        ),
      ),
    );
  }

  it("are a change when the type calls them equal and their text is another", async () => {
    await expectEachRecorded(
      `create extension citext;
       create type pair as (a numeric, b text);
       create collation anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      [
        ["numeric", "'1.0'", "'1.00'"],
        ["citext", "'A'", "'a'"],
        ["text collate anycase", "'Word'", "'word'"],
        ["float8", "'0'", "'-0'"],
        ["interval", "'1 mon'", "'30 days'"],
        ["box", "'(1,1),(0,0)'", "'(6,6),(5,5)'"],
        ["circle", "'<(0,0),1>'", "'<(5,5),1>'"],
        ["path", "'((0,0),(1,1))'", "'((0,0),(9,9))'"],
        ["numeric[]", "'{1.0,2}'", "'{1.00,2}'"],
        ["numrange", "'[1.0,2)'", "'[1.00,2)'"],
        ["jsonb", `'{"a": 1.0}'`, `'{"a": 1.00}'`],
        ["pair", "'(1.0,x)'", "'(1.00,x)'"],
      ],
    );
  });

  it("are a change when something inside of them changed", async () => {
    await expectEachRecorded(
      `create type pair as (a int, b text);
       create type nest as (p pair, list int[])`,
      [
        ["int[]", "'{1,2,3}'", "'{1,2,4}'"],
        ["int[]", "'{1,2}'", "'{1}'"],
        ["int[]", "'{1,2}'", "'[0:1]={1,2}'"],
        ["text[]", "'{a,NULL}'", `'{a,"NULL"}'`],
        ["int4range", "'[1,5)'", "'[1,6)'"],
        ["int4multirange", "'{[1,5)}'", "'{[1,5),[7,9)}'"],
        ["pair", "'(1,x)'", "'(1,)'"],
        ["nest", `'("(1,x)","{1,2}")'`, `'("(1,y)","{1,2}")'`],
        ["jsonb", `'{"a": {"b": [1, 2]}}'`, `'{"a": {"b": [1, 3]}}'`],
        ["jsonb", `'{"a": 1, "b": 2}'`, `'{"a": 1}'`],
        ["tsvector", "'''a'':1'", "'''a'':1,2'"],
        ["bytea", String.raw`'\x00ff'`, String.raw`'\x00fe'`],
      ],
    );
  });

  it("are a change between SQL NULL and JSON null, and all other ways to say nothing", async () => {
    await expectEachRecorded("create type pair as (a int, b text)", [
      ["jsonb", "null", "'null'"],
      ["jsonb", "'null'", "null"],
      ["json", "null", "'null'"],
      ["json", "'null'", "null"],
      ["text", "null", "''"],
      ["text", "'null'", "null"],
      ["int[]", "null", "'{}'"],
      ["int[]", "'{NULL}'", "null"],
      ["pair", "null", "'(,)'"],
      ["pair", "'(,)'", "null"],
    ]);
  });

  it("are compared by text where the type has no equality", async () => {
    await expectEachRecorded("select", [
      ["json", `'{"a":1}'`, `'{"a": 1}'`],
      ["json", `'{"a":1,"a":2}'`, `'{"a":2}'`],
      ["json", `'{"a":"\\u0000"}'`, `'{"a":1e999999}'`],
      ["json[]", `'{"1"}'`, `'{"2"}'`, "{1}", "{2}"],
      ["point", "'(1,2)'", "'(1,3)'"],
      ["polygon", "'((0,0),(1,1),(2,0))'", "'((0,0),(1,1),(2,1))'"],
    ]);
  });

  it("come from xml columns too", async () => {
    await expectEachRecorded("select", [["xml", "'<a>1</a>'", "'<a>2</a>'"]]);
  });
});
