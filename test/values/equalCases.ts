/** Two values that a type's "=" calls equal, or that look alike, and that are not the same. */
export interface EqualCase {
  readonly type: string;
  readonly one: string | null;
  readonly other: string | null;
  /** "=" says that they are equal: without it a careless comparison would miss the change. */
  readonly equal: boolean;
}

const equal = (type: string, one: string, other: string): EqualCase => ({ type, one, other, equal: true });
const alike = (type: string, one: string | null, other: string | null): EqualCase => ({
  type,
  one,
  other,
  equal: false,
});

/** Types for these cases, beside those of samples/own.ts. */
export const equalTypes = `
  create type app.amount as (n numeric, note text);
  create type app.folded as (word text collate app.anycase);
  create domain app.span as interval;
  create domain app.amounts as numeric[];
  create type app.floatrange as range (subtype = float8, multirange_type_name = app.floatranges);
`;

/** Cases that every server can have. */
export const equalCases: readonly EqualCase[] = [
  equal("numeric", "1.0", "1.00"),
  equal("numeric", "0", "0.000"),
  equal("double precision", "0", "-0"),
  equal("real", "0", "-0"),
  equal("interval", "1 mon", "30 days"),
  equal("interval", "1 day", "24:00:00"),
  equal("jsonb", "1.0", "1.00"),
  equal("jsonb", '{"a": [1.0]}', '{"a": [1.00]}'),
  equal("bpchar[]", '{"a"}', '{"a  "}'),
  equal("bpchar", "a", "a  "),
  equal("text collate app.anycase", "a", "A"),
  equal("text collate app.anycase", "resum\u00e9", "resume\u0301"),
  equal("character varying(9) collate app.anycase", "a", "A"),
  equal("character(5) collate app.anycase", "a", "A"),
  equal("text[] collate app.anycase", "{a}", "{A}"),
  equal("box", "(1,1),(0,0)", "(6,6),(5,5)"),
  equal("circle", "<(0,0),1>", "<(5,5),1>"),
  equal("path", "[(0,0),(1,1)]", "[(5,5),(6,6)]"),
  equal("lseg", "[(0,0),(1,1)]", "[(-0,0),(1,1)]"),
  equal("line", "{1,2,3}", "{2,4,6}"),
  equal("numeric[]", "{1.0}", "{1.00}"),
  equal("double precision[]", "{0}", "{-0}"),
  equal("interval[]", '{"1 mon"}', '{"30 days"}'),
  equal("numrange", "[1.0,2)", "[1.00,2)"),
  equal("nummultirange", "{[1.0,2)}", "{[1.00,2)}"),
  equal("numrange[]", '{"[1.0,2)"}', '{"[1.00,2)"}'),
  equal("app.floatrange", "[0,1)", "[-0,1)"),
  equal("app.amount", "(1.0,)", "(1.00,)"),
  equal("app.amount[]", '{"(1.0,)"}', '{"(1.00,)"}'),
  equal("app.folded", "(a)", "(A)"),
  equal("app.exact", "1.0", "1.00"),
  equal("app.exact[]", "{1.0}", "{1.00}"),
  equal("app.span", "1 mon", "30 days"),
  equal("app.words", "a", "A"),
  equal("app.amounts", "{1.0}", "{1.00}"),
  equal("app.amounts[]", '{"{1.0}"}', '{"{1.00}"}'),
  equal("name collate app.anycase", "a", "A"),
  alike("json", '{"a":1}', '{"a": 1}'),
  alike("json", '{"a":1,"a":2}', '{"a":2}'),
  alike("json", '{"a":1,"b":2}', '{"b":2,"a":1}'),
  alike("json", "null", null),
  alike("jsonb", "null", null),
  alike("xml", "<a/>", "<a></a>"),
  alike("integer[]", "{1,2}", "[0:1]={1,2}"),
  alike("integer[]", "{}", null),
  alike("integer[]", "{NULL}", "{}"),
  alike("text[]", "{NULL}", '{"NULL"}'),
  alike("text[]", '{"a,b"}', "{a,b}"),
  alike("text[]", "{{a},{b}}", "{a,b}"),
  alike("text", "", null),
  alike("text", "a", "a "),
  alike("text", "\u00e9", "e\u0301"),
  alike("text", "NULL", null),
  alike("bytea", "\\x", "\\x00"),
  alike('"char"', "", null),
  alike("bit varying", "0", "00"),
  alike("time with time zone", "12:00:00+00", "13:00:00+01"),
  alike("timestamp with time zone", "2026-10-25 00:30:00+00", "2026-10-25 01:30:00+00"),
  alike("app.amount", "(,)", null),
  alike("app.pairs", "(,)", null),
  alike("app.amount", '(,"")', "(,)"),
  alike("point", "(0,0)", "(-0,0)"),
  alike("polygon", "((0,0),(1,1),(1,0))", "((1,1),(1,0),(0,0))"),
  alike("path", "((0,0),(1,1))", "[(0,0),(1,1)]"),
  alike("inet", "10.1.2.3/8", "10.1.2.3"),
  alike("tsvector", "'a':1", "'a':1A"),
  alike("int4range", "empty", "[1,1]"),
  alike("jsonpath", "1.0", "1.00"),
];

/** Cases of extensions. */
export const extensionCases: readonly (EqualCase & { readonly extension: string })[] = [
  { extension: "citext", ...equal("ext.citext", "a", "A") },
  { extension: "citext", ...equal("ext.citext[]", "{a}", "{A}") },
  { extension: "seg", ...alike("ext.seg", "1.0", "1.00") },
  { extension: "cube", ...equal("ext.cube", "(0)", "(-0)") },
  { extension: "hstore", ...alike("ext.hstore", '"a"=>NULL', '"a"=>"NULL"') },
];
