import { usageError } from "../errors.ts";
import { displayWidth, escapeControls } from "./safe.ts";

/** Stops with a UserError that points at `position` in the text being read. `problem` is a clause without full stop. */
export type Fail = (position: number, problem: string) => never;

/** Two lines: the text, and a `^` under `position` (an index into it). Unseen characters are shown escaped. */
export function caret(text: string, position: number): string {
  const width = displayWidth(escapeControls(text.slice(0, position)));
  return `  ${escapeControls(text)}\n  ${" ".repeat(width)}^`;
}

/** How much of a long line is shown on either side of the place that is pointed at, in characters. */
const CONTEXT = 60;

/** Like `caret`, for texts of many lines or long ones: the line in question, or the part of it around the place. */
export function caretLines(text: string, position: number): string {
  const start = position === 0 ? 0 : text.lastIndexOf("\n", position - 1) + 1;
  const next = text.indexOf("\n", position);
  const line = text.slice(start, next < 0 ? text.length : next);
  const within = position - start;
  const from = within > CONTEXT ? within - CONTEXT : 0;
  const head = from > 0 ? "…" : "";
  const tail = line.length > within + CONTEXT ? "…" : "";
  return caret(head + line.slice(from, within + CONTEXT) + tail, within - from + head.length);
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
