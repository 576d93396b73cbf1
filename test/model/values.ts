import type { Random } from "./random.ts";

/**
 * Literals by type, few of each so that values meet again: no-op updates, A → B → A, and values that are equal
 * for the type's "=" and are not the same.
 */
const literals: Readonly<Record<string, readonly string[]>> = {
  text: ["'a'", "''", "'NULL'", "'it''s \"quoted\", \\ {x}'", "E'two\\nlines'", "'Žluťoučký'", "' a '"],
  "character varying": ["'a'", "''", "'abcdef'"],
  "character varying(4)": ["'a'", "''", "'abcd'"],
  "character(4)": ["'a'", "'ab'", "''", "'abcd'"],
  integer: ["0", "1", "2", "-7"],
  bigint: ["0", "1", "2", "9007199254740993"],
  smallint: ["0", "1", "2"],
  boolean: ["true", "false"],
  numeric: ["1", "1.0", "1.00", "0", "0.0", "-0.50", "'NaN'", "12345678901234567890.123"],
  "numeric(12,2)": ["1", "1.25", "0"],
  jsonb: [
    "'null'",
    "'{}'",
    "'{\"a\": 1.0}'",
    "'{\"a\": 1.00}'",
    "'[null]'",
    "'\"x\"'",
    "'12345678901234567890'",
  ],
  json: ["'null'", '\'{"a": 1,  "a":2}\'', "'{\"a\":1}'", "' [ ]'"],
  "integer[]": ["'{1,2}'", "'[0:1]={1,2}'", "'[2:3]={1,2}'", "'{}'", "'{NULL,1}'", "'{{1,2},{3,4}}'"],
  "text[]": ["'{a,NULL,\"NULL\"}'", "'{}'", "'{\"a,b\"}'", "'[5:5]={a}'"],
  "timestamp with time zone": [
    "'2026-03-29 01:30:00.123456+00'",
    "'2026-03-29 02:30:00.123456+01'",
    "'infinity'",
    "'0044-03-15 12:00:00+00 BC'",
    "'2026-10-25 00:30:00+00'",
  ],
  date: ["'2026-02-01'", "'-infinity'", "'2026-01-02'"],
  "double precision": ["0", "'-0'", "'NaN'", "0.30000000000000004", "0.3", "1e300", "'-infinity'"],
  bytea: ["'\\x'", "'\\x00ff'", "'\\x5c27'"],
  interval: ["'1 mon'", "'30 days'", "'720:00'", "'-1 day +02:03:04.5'"],
  box: ["'(0,0),(1,1)'", "'(5,5),(6,6)'"],
  mood: ["'sad'", "'ok'", "'happy'"],
  email: ["'a@b.c'", "'A@b.c'"],
  place: ["row('x', 1)", "row(null, null)", "row('', null)", "row('a,\"b\"', 2)"],
};

/** The types of a model's schema that are not PostgreSQL's own. */
export const ownTypes: readonly string[] = [
  "create type mood as enum ('sad', 'ok', 'happy')",
  "create domain email as text check (value ~ '@')",
  "create type place as (street text, no integer)",
];

/** Types a column of a model table may have, as SQL under the schema's own path. */
export const columnTypes: readonly string[] = Object.keys(literals);

/** Keys, few of each so that they meet; texts that would clash if keys were joined carelessly. */
const keys: Readonly<Record<string, readonly string[]>> = {
  integer: ["1", "2", "3", "4", "5", "6", "7"],
  bigint: ["1", "2", "3", "4", "5", "6", "7"],
  numeric: ["1", "1.0", "1.00", "2", "2.50", "3"],
  text: ["'a'", "'b'", "'a\", \"b'", "''", "'ä'", "'\\'"],
  "character(4)": ["'a'", "'b'", "'ab'", "''"],
  "timestamp with time zone": ["'2026-03-29 01:30+00'", "'2026-03-29 01:30:00.1+00'", "'infinity'"],
};

/** Types a key column may have. */
export const keyTypes: readonly string[] = Object.keys(keys);

/** The type without the schema it lives in. */
export function plainType(type: string): string {
  return type.replace(/^[a-z0-9_]+\./, "");
}

/** SQL for a value of the type, now and then NULL. */
export function literalOf(type: string, random: Random): string {
  if (random.chance(0.12)) return "null";
  const known = literals[plainType(type)];
  if (known === undefined) throw new Error(`The model has no values of type ${type}.`);
  return `${random.pick(known)}::${type}`;
}

/** SQL for a value of a key column. */
export function keyLiteralOf(type: string, random: Random): string {
  const known = keys[plainType(type)];
  if (known === undefined) throw new Error(`The model has no keys of type ${type}.`);
  return `${random.pick(known)}::${type}`;
}
