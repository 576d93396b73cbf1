import { expect, it } from "vitest";
import { KEYWORDS } from "../../src/core/keywords.ts";
import { parseIdentifier, quoteIdentifier } from "../../src/core/name.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();

it("quotes every word the server quotes", async () => {
  const words = await database.sql<{ word: string }[]>`
    select word from pg_get_keywords() where quote_ident(word) <> word`;
  expect(words.length).toBeGreaterThan(100);
  expect(words.map(({ word }) => word).filter((word) => !KEYWORDS.has(word))).toEqual([]);
});

it("quotes other names just as the server does", async () => {
  const names = [
    "users",
    "Users",
    "1st",
    "_a1",
    "a$b",
    'say "hi"',
    "é",
    "a.b",
    "a b",
    "x\ny",
    "\\",
    "name",
    "key",
  ];
  const quoted = await database.sql<{ quoted: string }[]>`
    select quote_ident(name) as quoted from unnest(${names}::text[]) with ordinality as _ (name, place) order by place`;
  expect(quoted.map((row) => row.quoted)).toEqual(names.map(quoteIdentifier));
});

it("reads names just as the server does", async () => {
  const texts = ["Users", '"Users"', '"a""b"', "été_1$", ' "x" ', "ÄA"];
  const read = await database.sql<{ name: string }[]>`
    select (parse_ident(text))[1] as name from unnest(${texts}::text[]) with ordinality as _ (text, place) order by place`;
  expect(texts.map(parseIdentifier)).toEqual(read.map(({ name }) => name));
});
