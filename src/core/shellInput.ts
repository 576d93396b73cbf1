import { type Token, tokenize } from "./sqlTokens.ts";

/** What was typed so far, as it can be worked on. */
export interface ShellInput {
  /** Statements that are ended by a semicolon, without it. */
  readonly statements: readonly string[];
  /** What is not ended yet. */
  readonly rest: string;
}

/** Takes the statements off what was typed. Semicolons in quotes and comments end nothing. */
export function splitStatements(text: string): ShellInput {
  const ends = tokenize(text).filter(isEnd);
  const statements: string[] = [];
  let from = 0;
  for (const { at, end } of ends) {
    const statement = text.slice(from, at);
    if (tokenize(statement).length > 0) statements.push(statement.trim());
    from = end;
  }
  const rest = text.slice(from);
  return { statements, rest: tokenize(rest).length === 0 ? "" : rest };
}

function isEnd({ kind, text }: Token): boolean {
  return kind === "symbol" && text === ";";
}

/** A line such as `\at yesterday 17:00`. */
export interface ShellCommand {
  readonly name: string;
  readonly argument: string;
}

/** The command on a line; undefined for a line of SQL. A semicolon at its end is not part of it. */
export function parseShellCommand(line: string): ShellCommand | undefined {
  const match = /^\s*\\(\S*)\s*(.*?)[\s;]*$/.exec(line);
  return match === null ? undefined : { name: match[1] ?? "", argument: match[2] ?? "" };
}
