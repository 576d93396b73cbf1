import { displayWidth, safeText } from "../core/safe.ts";
import type { OperationName, Origin, TableCounts, TransactionSummary } from "../types.ts";
import type { Cell, Column } from "./columns.ts";
import { factTexts, reasonOf } from "./context.ts";
import { countOf, spanText } from "./duration.ts";
import { type ChangeTextOptions, opPaint, sinceText, unstyled, whoText } from "./history.ts";
import { localTime } from "./instant.ts";
import { tableLabel } from "./name.ts";
import type { Style } from "./style.ts";

/** How a transaction is dressed; see changeText. */
export type TransactionTextOptions = Omit<ChangeTextOptions, "subject">;

const indent = "  ";

/** Names of tables line up to this width. */
const namesUpTo = 40;

/** Narrower terminals leave out the fraction and the offset, so that the line need not wrap. */
const exactTimeFrom = 100;

/** A short transaction's duration says nothing. */
const toldFromMs = 1000;

const operations: readonly OperationName[] = ["insert", "update", "delete", "truncate"];

/**
 * One transaction of a log: when, which, by whom and why on one line (a reason too long for it gets its own), below it
 * what it did to each table, then the other facts. Where actor, context and the like differ within it, each of
 * them gets a line, and what is not listed is counted.
 */
export function transactionText(summary: TransactionSummary, options: TransactionTextOptions): string {
  return [
    ...headerLines(summary, options),
    ...tableLines(summary.tables, options),
    ...originLines(summary, options),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function headerLines(summary: TransactionSummary, options: TransactionTextOptions): string[] {
  const { style, width } = options;
  const [first] = summary.origins;
  const alone = summary.originCount === 1 && first !== undefined;
  const took = tookMs(summary);
  const parts = [
    momentText(summary.lastAt, options),
    style.bold(`tx ${summary.tx}`),
    whosText(summary, style),
    ...(took < toldFromMs ? [] : [style.dim(`took ${spanText(took)}`)]),
  ];
  const reason = alone ? reasonOf(first.context) : undefined;
  const start = parts.join("  ");
  if (reason === undefined) return [start];
  const line = `${start}  "${safeText(reason, width)}"`;
  if (width === undefined || displayWidth(unstyled(line, style), width) <= width) return [line];
  return [start, `${indent}— ${safeText(reason, width - indent.length - 2)}`];
}

/** Everyone who is listed counts; beyond the list nobody knows who is new. */
function whosText({ origins, originCount }: TransactionSummary, style: Style): string {
  const [who = "", ...others] = new Set(origins.map((origin) => whoText(origin, style)));
  if (originCount > origins.length) return `${who} and others`;
  return others.length === 0 ? who : `${who} and ${countOf(others.length, "other")}`;
}

/** An instant for the head of an entry; on a terminal with how long ago it was. */
export function momentText(at: string, options: TransactionTextOptions): string {
  const { style, width, zone } = options;
  const { date, time, rest } = localTime(at, zone);
  const exact = width === undefined || width >= exactTimeFrom;
  const when = `${date} ${time}${exact ? style.dim(rest) : ""}`.trimEnd();
  return width === undefined ? when : `${when} ${sinceText(at, options)}`;
}

/** From its beginning to its last change. */
function tookMs({ began, firstAt, lastAt }: TransactionSummary): number {
  return new Date(lastAt).getTime() - new Date(began ?? firstAt).getTime();
}

function tableLines(tables: readonly TableCounts[], { style, width }: TransactionTextOptions): string[] {
  const names = tables.map(({ schema, table }) => tableLabel(schema, table));
  const padded = Math.min(namesUpTo, Math.max(0, ...names.map((name) => displayWidth(name, namesUpTo))));
  return tables.map((counts, index) => {
    const name = names[index] ?? "";
    const shown = width === undefined ? name : safeText(name, Math.max(1, width - indent.length));
    const gap = " ".repeat(Math.max(0, padded - displayWidth(shown, padded)));
    const done = operations
      .filter((op) => counts[op] > 0)
      .map((op) => opPaint(op, style)(countOf(counts[op], op)));
    return `${indent}${style.cyan(shown)}${gap}  ${done.join(", ")}`;
  });
}

function originLines(summary: TransactionSummary, options: TransactionTextOptions): string[] {
  const { style, width } = options;
  const { origins, originCount } = summary;
  const room = width === undefined ? undefined : Math.max(1, width - indent.length);
  const [first] = origins;
  if (originCount === 1 && first) return factLines(first, room).map((line) => indent + style.dim(line));
  const lines = origins.flatMap((origin) => {
    const reason = reasonOf(origin.context);
    const who = `by ${whoText(origin, style)}: ${countOf(origin.changes, "change")}`;
    const inner = room === undefined ? undefined : Math.max(1, room - indent.length);
    const why = reason === undefined ? [] : [`— ${safeText(reason, inner && Math.max(1, inner - 2))}`];
    return [who, ...[...why, ...factLines(origin, inner)].map((line) => indent + style.dim(line))];
  });
  const rest = originCount - origins.length;
  if (rest > 0) lines.push(`and ${countOf(rest, "other")}`);
  return lines.map((line) => indent + line);
}

/** Facts share lines as long as they fit; what the application and the address say comes last. */
function factLines(origin: Origin, room: number | undefined): string[] {
  const facts = factTexts(origin.context, room);
  const place = placeText(origin, room);
  if (place !== undefined) facts.push(place);
  const lines: string[] = [];
  for (const fact of facts) {
    const joined = `${lines.at(-1)}  ${fact}`;
    if (lines.length > 0 && displayWidth(joined, room) <= (room ?? 100)) lines[lines.length - 1] = joined;
    else lines.push(fact);
  }
  return lines;
}

function placeText({ application, clientAddr }: Origin, room: number | undefined): string | undefined {
  const words = [
    ...(application === null ? [] : [`via ${application}`]),
    ...(clientAddr === null ? [] : [`from ${clientAddr}`]),
  ];
  return words.length === 0 ? undefined : safeText(words.join(" "), room);
}

/**
 * A transaction as JSON answers show it: these keys, in this order, none left out. `began`: when it began, null where a
 * version that did not note it recorded it. `first_at` and `last_at`, `changes`, `tables` and `origins` are of those
 * changes that were asked for. `actor` to `context` are of the first of them; `origins` lists all that differ in
 * order of appearance, with the number of their changes, twenty at most, and `origin_count` tells how many there are.
 */
export function transactionJson(summary: TransactionSummary) {
  const { tx, era, began, firstId, lastId, firstAt, lastAt, changes, tables, origins, originCount } = summary;
  const [first] = origins;
  return {
    tx,
    era,
    began,
    first_at: firstAt,
    last_at: lastAt,
    first_id: firstId,
    last_id: lastId,
    ...(first && originJson(first)),
    changes,
    tables,
    origins: origins.map((origin) => ({ ...originJson(origin), changes: origin.changes })),
    origin_count: originCount,
  };
}

function originJson({ actor, dbUser, role, application, clientAddr, context }: Origin) {
  return { actor, db_user: dbUser, role, application, client_addr: clientAddr, context };
}

/** The flat form of a transaction, for tables and CSV. */
export const transactionColumns: readonly Column[] = [
  { title: "last_at", fixed: true },
  { title: "tx", align: "right" },
  { title: "actor" },
  { title: "db_user" },
  { title: "changes", align: "right" },
  { title: "tables" },
  { title: "reason" },
];

/** Its cells; where who or why differ within it, the first is followed by how many others there are. */
export function transactionRow(summary: TransactionSummary): readonly Cell[] {
  const [first] = summary.origins;
  const others = summary.originCount > 1 ? ` and ${countOf(summary.originCount - 1, "other")}` : "";
  const tables = summary.tables.map(
    (counts) => `${tableLabel(counts.schema, counts.table)}: ${countsText(counts)}`,
  );
  return [
    summary.lastAt,
    summary.tx,
    first?.actor == null && others === "" ? null : `${first?.actor ?? "-"}${others}`,
    first?.dbUser ?? null,
    String(summary.changes),
    tables.join("; "),
    reasonOf(first?.context ?? null) ?? null,
  ];
}

function countsText(counts: TableCounts): string {
  return operations
    .filter((op) => counts[op] > 0)
    .map((op) => countOf(counts[op], op))
    .join(", ");
}
