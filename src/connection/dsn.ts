import { usageError } from "../errors.ts";
import type { RawParameters } from "./url.ts";

/** Whether the text looks like `key=value …`. */
export function isKeyValueString(text: string): boolean {
  return /^\s*\w+\s*=/.test(text);
}

/**
 * Reads `host=db.example.com dbname='my db' …` by libpq's rules: blanks around `=` are allowed, quotes hold
 * blanks together, a backslash takes the next character as it is. No message repeats a value.
 */
export function parseKeyValueString(text: string, from: string): RawParameters {
  const found = new Map<string, string>();
  let rest = text.trimStart();
  while (rest !== "") {
    const key = /^([^\s=]+)\s*=\s*/.exec(rest);
    if (!key?.[1]) {
      throw usageError(
        `The connection string in ${from} is broken after ${found.size} ${found.size === 1 ? "parameter" : "parameters"}: a "key=" was expected.`,
        "Put a value that holds blanks in single quotes: password='two words'.",
      );
    }
    rest = rest.slice(key[0].length);
    const value = rest.startsWith("'") ? readQuoted(rest, key[1], from) : readBare(rest);
    found.set(key[1], value.text);
    rest = rest.slice(value.length).trimStart();
  }
  return found;
}

function readBare(rest: string): { text: string; length: number } {
  const raw = /^(?:\\[\s\S]|[^\s\\])*/.exec(rest)?.[0] ?? "";
  return { text: withoutBackslashes(raw), length: raw.length };
}

function readQuoted(rest: string, key: string, from: string): { text: string; length: number } {
  const match = /^'((?:\\[\s\S]|[^'\\])*)'/.exec(rest);
  if (!match) {
    throw usageError(
      `The value of "${key}" in ${from} has no closing quote.`,
      "Inside quotes, write \\' for a quote and \\\\ for a backslash.",
    );
  }
  return { text: withoutBackslashes(match[1] ?? ""), length: match[0].length };
}

function withoutBackslashes(raw: string): string {
  return raw.replace(/\\([\s\S])/g, "$1");
}
