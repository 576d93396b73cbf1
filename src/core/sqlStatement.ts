import { usageError } from "../errors.ts";
import { caretLines } from "./caret.ts";
import { escapeControls } from "./safe.ts";
import { type Token, tokenize } from "./sqlTokens.ts";

/** One statement that reads, without what follows it: comments, semicolons. */
export interface ReadingStatement {
  readonly text: string;
  readonly tokens: readonly Token[];
}

const READING = ["select", "with", "values", "table"];

/**
 * Reads the text of one SELECT-like statement. Throws (exit 2), with the place, where there is none, where there
 * are several or another kind, and where quotes, comments or parentheses are left open.
 */
export function parseReading(sql: string): ReadingStatement {
  const tokens = tokenize(sql);
  const fail = (position: number, message: string, hint?: string): never => {
    throw usageError(`${message}\n${caretLines(sql, position)}`, hint);
  };
  const semicolon = tokens.findIndex(isSemicolon);
  const own = semicolon < 0 ? tokens : tokens.slice(0, semicolon);
  const [first] = own;
  const last = own.at(-1);
  if (first === undefined || last === undefined)
    throw usageError("There is no query to run.", "Write one such as: select * from users");
  const begins = own.find((token) => token.text !== "(") ?? first;
  if (begins.kind !== "open" && !(begins.kind === "word" && READING.includes(begins.text))) {
    const what = escapeControls(sql.slice(begins.at, begins.end));
    fail(
      begins.at,
      `The past can only be read, by SELECT, WITH, VALUES or TABLE; "${what}" begins none of these.`,
    );
  }
  const more = semicolon < 0 ? undefined : tokens.slice(semicolon).find((token) => !isSemicolon(token));
  if (more !== undefined) fail(more.at, "Only one statement can be run, and a second one begins here.");
  if (last.kind === "open") fail(last.at, "What is opened here is never closed.");
  const parameter = own.find(({ kind, text }) => kind === "number" && text.startsWith("$"));
  if (parameter !== undefined) fail(parameter.at, `There is no value for ${parameter.text}: write it out.`);
  const unmatched = unmatchedParenthesis(own);
  if (unmatched !== undefined) fail(unmatched.at, "This parenthesis has no partner.");
  return { text: sql.slice(0, last.end), tokens: own };
}

function isSemicolon({ kind, text }: Token): boolean {
  return kind === "symbol" && text === ";";
}

function unmatchedParenthesis(tokens: readonly Token[]): Token | undefined {
  const opened: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "symbol") continue;
    if (token.text === "(") opened.push(token);
    if (token.text === ")" && opened.pop() === undefined) return token;
  }
  return opened.at(-1);
}
