import { usageError } from "../errors.ts";
import { displayWidth, escapeControls } from "./safe.ts";

/** Stops with a UserError that points at `position` in the text being read. `problem` is a clause without full stop. */
export type Fail = (position: number, problem: string) => never;

/** Two lines: the text, and a `^` under `position` (an index into it). Unseen characters are shown escaped. */
export function caret(text: string, position: number): string {
  const width = displayWidth(escapeControls(text.slice(0, position)));
  return `  ${escapeControls(text)}\n  ${" ".repeat(width)}^`;
}

/** A sentence of the form `"text" is <what>: <problem>.` with the caret below it. */
export function pointedMessage(text: string, what: string, position: number, problem: string): string {
  return `"${escapeControls(text)}" is ${what}: ${problem}.\n${caret(text, position)}`;
}

/** How a parser complains (exit 2): `what` says what the text is not, such as "not an instant". */
export function failWith(text: string, what: string, hint?: string): Fail {
  return (position, problem) => {
    throw usageError(pointedMessage(text, what, position, problem), hint);
  };
}
