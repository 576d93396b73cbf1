import type { Samples } from "./sample.ts";

const controls = String.fromCodePoint(...Array.from({ length: 31 }, (_, n) => n + 1), 0x7f);
const upperControls = String.fromCodePoint(...Array.from({ length: 32 }, (_, n) => n + 0x80));
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, n) => n)).toString("hex");

/** What breaks careless quoting, parsing or printing. */
export const awkwardTexts: readonly string[] = [
  "",
  " ",
  " spaced ",
  "NULL",
  "null",
  'it\'s "quoted"',
  "back\\slash \\\\ \\n \\u0041",
  "tab\tnew\nline\r\nreturn\r",
  controls,
  upperControls,
  "naïve 名前 🦉 𝒳 \u{10ffff}",
  "e\u0301 \u00e9 \u2028 \u2029 \ufeff \u202e \uffff",
  '{"a": [1]}',
  "{a,b} (a,b) [a,b]",
  "%s %1$I $1 $$ :name ?",
  "-- /* ' */",
  "long and compressible ".repeat(600),
];

/** Texts, bytes and bits. */
export const texts: Samples = {
  text: awkwardTexts,
  "character varying": awkwardTexts.slice(0, 12),
  "character varying(9)": ["", "a", "     ", "nine char", "🦉🦉🦉🦉🦉🦉🦉🦉🦉"],
  bpchar: ["", " ", "ab   ", "ab", "🦉 "],
  "character(5)": ["", "ab", "     ", "abcde", "🦉"],
  name: ["", "a", "NULL", "x".repeat(63), `${"é".repeat(31)}x`, 'odd "name", {x}'],
  '"char"': ["a", "", "\\", " ", "'", "\\200", "\\377"],
  refcursor: ["", "a", "<unnamed portal 1>"],
  bytea: ["\\x", "\\x00", "\\x0000ff00", "\\x5c27225c", `\\x${everyByte}`, `\\x${"00ff".repeat(3000)}`],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  ],
  '"bit"': ["", "0", "1", "10101", "1".repeat(300)],
  "bit(3)": ["000", "101"],
  "bit varying": ["", "0", "00", "01010101", "10".repeat(150)],
  "bit varying(5)": ["", "10101"],
};
