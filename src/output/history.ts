import { displayWidth, safeText } from "../core/safe.ts";
import type { Change, OperationName, Value, Withheld } from "../types.ts";
import type { Look } from "./columns.ts";
import { ago } from "./duration.ts";
import { localTime } from "./instant.ts";
import { tableLabel } from "./name.ts";
import type { Paint, Style } from "./style.ts";
import { changedTexts, columnValue, sameValue, valueText } from "./value.ts";

export interface ChangeTextOptions extends Look {
  readonly now: Date;
  /** The zone instants are shown in. */
  readonly zone: string;
  /** What tells this change's row from the others': nothing (one row), its key, or table and key. A key that changed is always shown. */
  readonly subject?: "none" | "key" | "table";
  /** Whether the change's number is shown even if it takes another line. */
  readonly verbose?: boolean | undefined;
}

const indent = "  ";

/** Column names line up to this width. */
const namesUpTo = 24;

/** Narrower terminals leave out the fraction and the offset, so that the line need not wrap. */
const exactTimeFrom = 100;

const longestSince = "(42 minutes ago)".length;

/** A row's life, or several rows': changeText of each, for answers that are at hand as a whole. */
export function historyText(changes: readonly Change[], options: ChangeTextOptions): string {
  return changes.map((change) => changeText(change, options)).join("");
}

/**
 * One change of a timeline: when, what, by whom and why on one line (a reason too long for it gets its own), below
 * it one line per column that counts.
 * Depends on nothing but its arguments, so that a stream of changes is a loop of this.
 */
export function changeText(change: Change, options: ChangeTextOptions): string {
  return [headerLine(change, options), ...valueLines(change, options)].map((line) => `${line}\n`).join("");
}

function headerLine(change: Change, options: ChangeTextOptions): string {
  const { style, width, zone } = options;
  const { date, time, rest } = localTime(change.at, zone);
  const exact = width === undefined || width >= exactTimeFrom;
  const when = `${date} ${time}${exact ? style.dim(rest) : ""}`.trimEnd();
  const since = width === undefined ? "" : ` ${sinceText(change.at, options)}`;
  const subject = subjectText(change, options);
  const what = opPaint(change.op, style)(change.op) + (subject && ` ${subject}`);
  const parts = [when + since, what, whoText(change, style)];
  const numbers = numbersOf(change, options);
  const reason = columnValue(change.context, "reason");
  if (typeof reason !== "string" || reason === "") return fitting(parts, numbers, options);
  const line = firstFitting([...parts, `"${safeText(reason, width)}"`], numbers, options);
  if (line !== undefined || width === undefined) return line ?? "";
  const start = fitting(parts, numbers, options);
  // Behind the numbers where they have gone to a line of their own.
  const second = start.split("\n")[1];
  const used = second === undefined ? 0 : displayWidth(unstyled(second, style)) - indent.length + 2;
  const why = `— ${safeText(reason, width - indent.length - used - 2)}`;
  return second === undefined ? `${start}\n${indent}${why}` : `${start}  ${why}`;
}

/**
 * The numbers by which audit show finds a change, as they may end its line, longest first: that of the transaction
 * leads to its changes where there is no room for both.
 */
function numbersOf({ id, tx }: Change, { style, verbose }: ChangeTextOptions): string[] {
  const both = style.dim(`tx ${tx}  change ${id}`);
  return verbose ? [both] : [both, style.dim(`tx ${tx}`)];
}

/** The numbers go to a line of their own rather than wrap around the edge of the terminal. */
function fitting(parts: readonly string[], numbers: readonly string[], options: ChangeTextOptions): string {
  return firstFitting(parts, numbers, options) ?? `${parts.join("  ")}\n${indent}${numbers[0] ?? ""}`;
}

/** The parts with the first of the ends that a line has room for. */
function firstFitting(
  parts: readonly string[],
  ends: readonly string[],
  { style, width }: ChangeTextOptions,
): string | undefined {
  return ends
    .map((end) => [...parts, end].join("  "))
    .find((line) => width === undefined || displayWidth(unstyled(line, style), width) <= width);
}

/** Padded, so that the operations of a timeline stand below each other. */
export function sinceText(at: string, { now, style }: ChangeTextOptions): string {
  const since = `(${ago(new Date(at), now)})`;
  return style.dim(since) + " ".repeat(Math.max(0, longestSince - since.length));
}

export function unstyled(text: string, style: Style): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colour codes; foreign ones are escaped by now
  return style.enabled ? text.replace(/\x1b\[\d+m/g, "") : text;
}

export function opPaint(op: OperationName, style: Style): Paint {
  if (op === "insert") return style.green;
  return op === "update" ? style.yellow : style.red;
}

export function subjectText(change: Change, { subject, style }: ChangeTextOptions): string {
  const table = subject === "table" ? tableLabel(change.schema, change.table) : "";
  if (change.key === null) return table;
  const key = keyText(change.key);
  if (change.oldKey !== null) {
    return `${table} ${keyText(change.oldKey)} ${style.dim("→")} ${style.bold(key)}`.trimStart();
  }
  if (subject !== "key" && subject !== "table") return "";
  return `${table} ${style.bold(key)}`.trimStart();
}

function keyText(key: string): string {
  return valueText(key);
}

/** The claimed actor with what the server knows in brackets; the server's word alone where nothing else was claimed. */
export function whoText(
  { actor, dbUser, role }: Pick<Change, "actor" | "dbUser" | "role">,
  style: Style,
): string {
  const known = wordText(dbUser) + (role === null || role === dbUser ? "" : ` as ${wordText(role)}`);
  if (actor === null) return known;
  return known === wordText(actor) ? known : `${wordText(actor)} ${style.dim(`(${known})`)}`;
}

/** A name in a line of words: quoted when it could pass for more than one of them. */
export function wordText(name: string): string {
  return /[\s()"]/.test(name) ? `"${safeText(name)}"` : safeText(name);
}

export function valueLines(change: Change, options: ChangeTextOptions): string[] {
  const { style } = options;
  if (change.op === "update") return updateLines(change, options);
  const image = change.op === "insert" ? change.new : change.old;
  if (image === null) return [];
  const names = nameColumn(Object.keys(image), options);
  const lines = Object.entries(image).map(([column, value]) => {
    const room = options.width === undefined ? undefined : names.room;
    return indent + names.text(column) + paintNull(value, valueText(value, room), style);
  });
  return change.op === "insert" ? lines : lines.map(style.dim);
}

function updateLines(change: Change, options: ChangeTextOptions): string[] {
  const columns = changedColumns(change);
  const names = nameColumn(columns, options);
  const { style } = options;
  return columns.map((column) => {
    const before = columnValue(change.old, column);
    const after = columnValue(change.new, column);
    const arrow = ` ${style.dim("→")} `;
    const room = options.width === undefined ? undefined : names.room - displayWidth(" → ");
    const texts =
      before === undefined || after === undefined
        ? { before: sideText(before, room), after: sideText(after, room) }
        : changedTexts(before, after, room === undefined ? undefined : shares(before, after, room));
    const shown = [paintSide(before, texts.before, style), paintSide(after, texts.after, style)];
    return indent + names.text(column) + shown.join(arrow);
  });
}

/** Not kept, so not known (lean images). */
const unknown = "?";

function sideText(value: Value | Withheld | undefined, room: number | undefined): string {
  return value === undefined ? unknown : valueText(value, room === undefined ? undefined : room - 1);
}

function paintSide(value: Value | Withheld | undefined, text: string, style: Style): string {
  return value === undefined ? style.dim(text) : paintNull(value, text, style);
}

function paintNull(value: Value | Withheld, text: string, style: Style): string {
  return value === null ? style.dim(text) : text;
}

/**
 * The columns an update changed. Old images may be whole (full images, changed keys) and new ones absent (lean),
 * so neither side alone tells.
 */
export function changedColumns({ old, new: after, oldKey }: Change): string[] {
  const columns = new Set([...Object.keys(old ?? {}), ...Object.keys(after ?? {})]);
  return [...columns].filter((column) => {
    const before = columnValue(old, column);
    const value = columnValue(after, column);
    if (after !== null && value === undefined) return oldKey === null;
    return !sameValue(before, value);
  });
}

/** How the two sides of an update share a line: half each, or what the shorter one leaves. */
function shares(
  before: Value | Withheld,
  after: Value | Withheld,
  room: number,
): { before: number; after: number } {
  const half = Math.max(8, Math.floor(room / 2));
  const left = displayWidth(valueText(before, room));
  const right = displayWidth(valueText(after, room));
  if (left <= half) return { before: left, after: Math.max(half, room - left) };
  if (right <= half) return { before: Math.max(half, room - right), after: right };
  return { before: half, after: half };
}

/** The column of column names: padded alike within one change; `room` is what a line has left for values. */
export function nameColumn(columns: readonly string[], { style, width }: ChangeTextOptions) {
  const shown = new Map(columns.map((column) => [column, safeText(column)]));
  const widest = Math.max(0, ...[...shown.values()].map((name) => displayWidth(name)));
  const padded = Math.min(widest, namesUpTo);
  const text = (column: string): string => {
    const name = shown.get(column) ?? "";
    return `${style.cyan(name)}${" ".repeat(Math.max(0, padded - displayWidth(name)))}  `;
  };
  return { text, room: Math.max(16, (width ?? 0) - indent.length - padded - 2) };
}
