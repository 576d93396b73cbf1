import { usageError } from "../errors.ts";
import type { TableName } from "../types.ts";
import { type Fail, failWith } from "./caret.ts";
import { KEYWORDS } from "./keywords.ts";
import { escapeControls } from "./safe.ts";

/** NAMEDATALEN - 1. The server would cut a longer name silently; we refuse it. */
const MOST_BYTES = 63;

interface Word {
  readonly name: string;
  readonly at: number;
  readonly end: number;
}

/**
 * Reads `users`, `public.users` or `"Odd.Name"` by PostgreSQL's own rules: bare names fold to lower case
 * (ASCII letters only), quoted ones stay as they are with `""` for a quote. Nothing is ever cut.
 */
export function parseTableName(text: string): TableName {
  const fail: Fail = failWith(text, "not a table name", 'Write it as users, public.users or "Odd.Name".');
  const names = readDotted(text, fail);
  const [first, second, third] = names;
  if (third !== undefined) {
    fail(third.at, "it has more than two parts; the database is chosen with --database-url");
  }
  if (second === undefined) return { schema: undefined, table: first.name };
  return { schema: first.name, table: second.name };
}

/** Reads one name, such as that of a schema, by the same rules. */
export function parseIdentifier(text: string): string {
  const fail: Fail = failWith(text, "not a name", 'Write it as audit or "Odd Name".');
  const [first, second] = readDotted(text, fail);
  if (second !== undefined)
    fail(second.at - 1, "one name is expected here, without a dot; quote it if it has one");
  return first.name;
}

/** The name as SQL: bare where PostgreSQL reads it back the same, else quoted. Like quote_ident(). Refuses NUL. */
export function quoteIdentifier(name: string): string {
  if (name.includes("\0")) throw usageError(`The name "${escapeControls(name)}" contains a NUL character.`);
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table as SQL that pastes back: `public.users`, `"Odd.Name"`. */
export function formatTableName({ schema, table }: TableName): string {
  const quoted = quoteIdentifier(table);
  return schema === undefined ? quoted : `${quoteIdentifier(schema)}.${quoted}`;
}

/** The same for reading, harmless to a terminal: `public.users`, `public."a\\nb"`. */
export function tableLabel(name: TableName): string {
  return escapeControls(formatTableName(name));
}

/** Folds a bare name as the server does: ASCII letters only, whatever the locale. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Reads the `"quoted"` name that starts at `at`. */
export function readQuoted(text: string, at: number, fail: Fail): Word {
  const match = sticky(/"((?:[^"]|"")*)"(?!")/y, text, at);
  if (match === null) fail(at, "the quote opened here is never closed");
  const name = (match[1] ?? "").replaceAll('""', '"');
  if (name === "") fail(at, "a name cannot be empty");
  return { name, at, end: at + match[0].length };
}

function readDotted(text: string, fail: Fail): [Word, ...Word[]] {
  const bad = text.search(/\0|\p{Cs}/u);
  if (bad >= 0) fail(bad, "it contains a character that no name can hold");
  let word = readWord(text, 0, fail);
  const words: [Word, ...Word[]] = [word];
  for (;;) {
    const next = skipSpace(text, word.end);
    if (next === text.length) return words;
    if (text[next] !== ".") {
      fail(next, text[word.at] === '"' ? "something follows the closing quote" : strange(text, next));
    }
    word = readWord(text, next + 1, fail);
    words.push(word);
  }
}

function readWord(text: string, from: number, fail: Fail): Word {
  const at = skipSpace(text, from);
  const word = text[at] === '"' ? readQuoted(text, at, fail) : readBare(text, at, fail);
  const bytes = new TextEncoder().encode(word.name).length;
  if (bytes > MOST_BYTES) {
    fail(at, `this name has ${bytes} bytes, and PostgreSQL keeps no more than ${MOST_BYTES}`);
  }
  return word;
}

function readBare(text: string, at: number, fail: Fail): Word {
  const match = sticky(/[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*/uy, text, at);
  if (match !== null) return { name: foldCase(match[0]), at, end: at + match[0].length };
  if (at === text.length || text[at] === ".") fail(at, at === 0 ? "it is empty" : "a name is missing here");
  fail(at, strange(text, at));
}

function strange(text: string, at: number): string {
  const character = escapeControls(String.fromCodePoint(text.codePointAt(at) ?? 0));
  return `a name with "${character}" here has to be written in double quotes`;
}

function skipSpace(text: string, at: number): number {
  return at + (sticky(/[ \t\n\r\f\v]*/y, text, at)?.[0].length ?? 0);
}

function sticky(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
