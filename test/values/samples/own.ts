import type { Samples } from "./sample.ts";

/** Types of an application, and what its reg* columns point to; made before any table. */
export const ownTypes = `
  create schema app;
  create schema "Odd.Name";
  create table app."Odd.Name" (id int);
  create function app.only_once(text) returns text language sql as 'select $1';
  create collation app.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  create type app.mood as enum
    ('ok', 'it''s', 'with "quote"', 'comma, {brace} (paren)', 'NULL', '', ' spaced ', E'back\\\\slash', '🦉');
  create type app.pair as (a int, b text);
  create type app.nest as
    (p app.pair, list app.pair[], t timestamptz, j jsonb, f character(5), n numeric, m app.mood[], z float8);
  create domain app.whole as int;
  create domain app.exact as numeric;
  create domain app.required as int not null;
  create domain app.list as int[];
  create domain app.lists as app.list[];
  create domain app.pairs as app.pair check ((value).a is distinct from 0);
  create domain app.twice as app.whole check (value <> 13);
  create domain app.words as text collate app.anycase;
  create type app.textrange as range (subtype = text, multirange_type_name = app.textranges, collation = "C");
`;

/** Values of those types. */
export const own: Samples = {
  "app.mood": [
    "ok",
    "it's",
    'with "quote"',
    "comma, {brace} (paren)",
    "NULL",
    "",
    " spaced ",
    "back\\slash",
    "🦉",
  ],
  "app.pair": ["(,)", "(1,)", '(,"")', '(-1,"it\'s ""quoted"" \\\\ (a,b)")', "(2,NULL)"],
  "app.nest": [
    "(,,,,,,,)",
    '("(1,a)","{""(,)"",""(2,\\\\""x y\\\\"")"",NULL}","2026-10-25 00:30:00+00",null,"ab   ",1.00,"{ok,NULL,""NULL""}",-0)',
    '("(1,a)",{},,"{""a"": 1.0}","",1.0,{},0)',
  ],
  "app.whole": ["1", "-7"],
  "app.exact": ["1.0", "1.00"],
  "app.list": ["{}", "{1,NULL}", "[0:1]={1,2}", "{1,2}"],
  "app.lists": ["{}", '{"{1,2}","[0:1]={1,2}",NULL}'],
  "app.pairs": ["(,)", '(1,"a b")'],
  "app.twice": ["12", "14"],
  "app.words": ["a", "A", "ä"],
  "app.textrange": ["empty", "(,)", '["a,b","c""d\\\\e")', '["",a]', "[a,)"],
  "app.textranges": ["{}", '{["a,b","c""d\\\\e"),[x,)}'],
};
