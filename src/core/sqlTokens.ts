import { foldCase } from "./name.ts";

/**
 * One token of an SQL text, by PostgreSQL's lexical rules. Blanks and comments are none. `open`: a quote or a
 * comment that begins here and is never closed.
 */
export interface Token {
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol" | "open";
  readonly at: number;
  readonly end: number;
  /** A name as the server reads it: words in lower case, quoted names without their quotes. A symbol is one character; of others the text. */
  readonly text: string;
}

const blanks = /[ \t\n\r\f\v]+|--[^\n\r]*/y;
const word = /[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*/uy;
const number = /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?\w*|\$\d+/y;
const quotedName = /"[^"]*(?:""[^"]*)*"/y;
const plainString = /'[^']*(?:''[^']*)*'/y;
const escapeString = /'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'/y;
const dollarQuote = /\$(?:[A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*)?\$/uy;

/** The tokens of a text, with standard_conforming_strings on. Never fails: what makes no sense is left to the server. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (kind: Token["kind"], end: number, name?: string): void => {
    tokens.push({ kind, at, end, text: name ?? text.slice(at, end) });
    at = end;
  };
  const open = (): void => take("open", text.length);
  /** Reads a quoted thing that starts at `from`; `name` makes a name of what was matched. */
  const quote = (kind: Token["kind"], pattern: RegExp, from: number, name?: (matched: string) => string) => {
    const matched = match(pattern, text, from);
    if (matched === undefined) return open();
    take(kind, from + matched.length, name?.(matched));
  };
  while (at < text.length) {
    const skipped = match(blanks, text, at);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    if (text.startsWith("/*", at)) {
      const end = commentEnd(text, at);
      if (end === undefined) open();
      else at = end;
      continue;
    }
    const next = text[at];
    const prefix = /^(?:[EeNnBbXx](?=')|[Uu]&(?=['"]))/.exec(text.slice(at, at + 3))?.[0];
    if (next === "'") quote("string", plainString, at);
    else if (next === '"') quote("quoted", quotedName, at, unquoted);
    else if (prefix !== undefined) {
      const from = at + prefix.length;
      // A name with Unicode escapes is left as it is written: no table of ours is found by it.
      if (text[from] === '"') quote("quoted", quotedName, from, (name) => prefix + name);
      else quote("string", /[Ee]/.test(prefix) ? escapeString : plainString, from);
    } else {
      const named = match(word, text, at);
      const counted = named ?? match(number, text, at);
      const dollar = counted ?? match(dollarQuote, text, at);
      if (named !== undefined) take("word", at + named.length, foldCase(named));
      else if (counted !== undefined) take("number", at + counted.length);
      else if (dollar !== undefined) {
        const end = text.indexOf(dollar, at + dollar.length);
        if (end < 0) open();
        else take("string", end + dollar.length);
      } else take("symbol", at + 1);
    }
  }
  return tokens;
}

function unquoted(matched: string): string {
  return matched.slice(1, -1).replaceAll('""', '"');
}

/** Where the comment ends that begins at `at`; comments nest. */
function commentEnd(text: string, at: number): number | undefined {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return undefined;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
