import { displayWidth, safeText } from "../core/safe.ts";
import type { Change, Image, TransactionSummary, Value, Withheld } from "../types.ts";
import { factTexts, reasonOf } from "./context.ts";
import { countText } from "./duration.ts";
import {
  type ChangeTextOptions,
  changedColumns,
  opPaint,
  subjectText,
  unstyled,
  valueLines,
  whoText,
} from "./history.ts";
import { changeJson } from "./json.ts";
import { momentText, type TransactionTextOptions, transactionText } from "./transaction.ts";
import { columnValue, valueText } from "./value.ts";

/** A change with where it stands: in its transaction, and in the life of its row. */
export interface ShownChange {
  readonly change: Change;
  readonly transaction: {
    readonly era: number;
    readonly firstId: string;
    readonly lastId: string;
    readonly firstAt: string;
    readonly lastAt: string;
    readonly changes: number;
  };
  /** Which of the transaction's changes it is, by their numbers: 1 for the first. */
  readonly place: number;
  /** What came before and after for the same row. */
  readonly before: Change | undefined;
  readonly after: Change | undefined;
}

const indent = "  ";

/** As wide as the longest label. */
const labelWidth = "transaction".length;

const unknown = "?";

/** A change in full: every fact on a line of its own, every value whole, however long. */
export function shownChangeText(shown: ShownChange, options: TransactionTextOptions): string {
  const { change } = shown;
  const { style } = options;
  const subject = subjectText(change, { ...options, subject: "table" });
  const lines = [
    `${style.bold(`change ${change.id}`)}  ${opPaint(change.op, style)(change.op)}  ${subject}`,
    ...factLines(shown, options),
    ...fullValueLines(change, options),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function factLines(
  { change, transaction, place, before, after }: ShownChange,
  options: TransactionTextOptions,
) {
  const { style } = options;
  const reason = reasonOf(change.context);
  const facts: [label: string, text: string | null][] = [
    ["at", momentText(change.at, { ...options, width: options.width && Number.MAX_SAFE_INTEGER }).trimEnd()],
    [
      "transaction",
      `tx:${change.tx}, change ${countText(place)} of ${countText(transaction.changes)}${style.dim(` (${transaction.firstId} to ${transaction.lastId})`)}`,
    ],
    ["actor", change.actor],
    ["db user", change.dbUser],
    ["role", change.role],
    ["application", change.application],
    ["client", change.clientAddr],
    ["reason", reason ?? null],
    ...factTexts(change.context).map((fact): [string, string] => ["context", fact]),
    ...(change.key === null ? [] : [neighbourFact("before", before), neighbourFact("after", after)]),
  ];
  const written = new Set(["at", "transaction", "context", "before", "after"]);
  return facts.flatMap(([label, text]) => {
    if (text === null) return [];
    const shown = written.has(label) ? text : safeText(text);
    return [`${indent}${style.dim(label.padEnd(labelWidth))}  ${shown}`];
  });
}

function neighbourFact(label: "before" | "after", neighbour: Change | undefined): [string, string] {
  if (neighbour === undefined) return [label, "none recorded"];
  return [label, `change:${neighbour.id} (${neighbour.op}, tx:${neighbour.tx})`];
}

/** Two sides that do not fit a line of the terminal stand below each other. */
function fullValueLines(change: Change, { style, width }: TransactionTextOptions): string[] {
  const columns = [...new Set([...Object.keys(change.old ?? {}), ...Object.keys(change.new ?? {})])];
  const changed = new Set(change.op === "update" ? changedColumns(change) : []);
  const widest = Math.max(0, ...columns.map((column) => displayWidth(safeText(column))));
  const lines = columns.flatMap((column) => {
    const name = safeText(column);
    const label = `${indent}${style.cyan(name)}${" ".repeat(widest - displayWidth(name))}  `;
    if (!changed.has(column)) {
      const holder = columnValue(change.new, column) === undefined ? change.old : change.new;
      const text = sideText(holder, column);
      return [label + (change.op === "update" ? style.dim(`${text} (unchanged)`) : text)];
    }
    const before = sideText(change.old, column);
    const after = sideText(change.new, column);
    const line = `${label}${before} ${style.dim("→")} ${after}`;
    if (width === undefined || displayWidth(unstyled(line, style), width) <= width) return [line];
    return [label + before, `${" ".repeat(indent.length + widest)}${style.dim("→")} ${after}`];
  });
  return lines.length === 0 ? [] : ["", ...lines];
}

function sideText(image: Image | null, column: string): string {
  const value: Value | Withheld | undefined = columnValue(image, column);
  return value === undefined ? unknown : valueText(value);
}

/**
 * A change in full as JSON answers show it: the fields of every change, then `transaction` (where it lies, and which of
 * its changes this is, from 1), `before` and `after` (the neighbours in the row's life, or null).
 */
export function shownChangeJson({ change, transaction, place, before, after }: ShownChange) {
  const { era, firstId, lastId, firstAt, lastAt, changes } = transaction;
  return {
    ...changeJson(change),
    transaction: {
      tx: change.tx,
      era,
      first_at: firstAt,
      last_at: lastAt,
      first_id: firstId,
      last_id: lastId,
      changes,
      place,
    },
    before: neighbourJson(before),
    after: neighbourJson(after),
  };
}

function neighbourJson(neighbour: Change | undefined) {
  if (neighbour === undefined) return null;
  const { id, tx, at, op } = neighbour;
  return { id, tx, at, op };
}

/** The head of a transaction that is shown in full: as in a log, with an empty line below. */
export function transactionHead(summary: TransactionSummary, options: TransactionTextOptions): string {
  return `${transactionText(summary, options)}\n`;
}

/**
 * One change of a transaction that is shown in full: its head says what the changes have in common, so that only what
 * differs is told. `origins`: how many there are in the transaction.
 */
export function memberText(change: Change, options: ChangeTextOptions, origins: number): string {
  const { style } = options;
  const reason = reasonOf(change.context);
  const parts = [
    opPaint(change.op, style)(change.op),
    subjectText(change, { ...options, subject: "table" }),
    style.dim(`change ${change.id}`),
    ...(origins > 1 ? [whoText(change, style)] : []),
    ...(origins > 1 && reason !== undefined ? [`"${safeText(reason, options.width)}"`] : []),
  ];
  return [parts.join("  "), ...valueLines(change, options)].map((line) => `${line}\n`).join("");
}
