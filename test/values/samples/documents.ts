import type { Samples } from "./sample.ts";

/** Documents: json keeps every blank and duplicate, jsonb the digits, tsvector positions and weights. */
export const documents: Samples = {
  json: [
    "null",
    '  {"b" : 1,\t"a":2,"b":3 }\n',
    '{"z":"\\u0000"}',
    "[1e400,-0,1.50,1.5,12345678901234567890]",
    '["\\ud83e\\udd89","\\ud800"]',
    '""',
    "[ ]",
  ],
  jsonb: [
    "null",
    "{}",
    "[]",
    '""',
    '"x"',
    "1.0",
    "1.00",
    "1e400",
    "-0.0",
    '{"b": 1, "a": null, "": [[], {}, "it\'s \\\\ \\" \\u2028"]}',
    '{"a": 1.0}',
    '{"a": 1.00}',
  ],
  jsonpath: [
    "$",
    "strict $.a",
    'lax $[*] ? (@ > 1.50 && @."b c" == "x\\"\\\\")',
    "$.a.b[0 to last].size()",
    '$ ? (@ like_regex "^a" flag "iq")',
    '$.datetime("HH24:MI") ? (exists (@.x) || !(@ starts with $v))',
    '"\\u2028"',
    "1.0",
  ],
  tsvector: ["", "'a'", "'it''s':1A,2B,16383C 'b c':4", "'\\\\':1 '🦉':2D"],
  tsquery: ["", "'a' & !'b' | 'c':*AB", "'a' <-> 'b' <3> 'c'", "!( 'a' & 'it''s' )", "'\\\\':*"],
};

/** xml of all forms; only the plain column can keep an XML declaration with its encoding. */
export const xml: readonly string[] = [
  "",
  "<a/>",
  ' <a b="1">&amp;&#10;</a>text<b/>\n',
  "<!DOCTYPE a><a/>",
  "<a>🦉</a>",
  "<!-- c --><![CDATA[x]]>",
];

/** An XML declaration whose encoding the type's output leaves out. */
export const xmlWithEncoding = '<?xml version="1.0" encoding="UTF-8"?><a/>';
