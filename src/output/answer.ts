import type { OutputOptions } from "../commands/options.ts";
import type { Io } from "../io.ts";
import type { Column, Look, Row } from "./columns.ts";
import { streamCsv } from "./csv.ts";
import { type ExtraFields, jsonLine, streamJson } from "./json.ts";
import { gatherLines } from "./lines.ts";
import { lookOf } from "./look.ts";
import { streamMarkdown } from "./markdown.ts";
import { choosePager, type Form } from "./pager.ts";
import { streamTable } from "./stream.ts";
import { tellWaiting } from "./waiting.ts";

/** What a reading command answers, before it takes the form that was asked for. */
export interface Answer<T> {
  readonly batches: AsyncIterable<readonly T[]> | Iterable<readonly T[]>;
  /** Fields of the JSON document beside `version` and `items`. */
  readonly extra: ExtraFields;
  /** One item as JSON documents and lines of ndjson show it. */
  readonly json: (item: T) => unknown;
  /** The flat form: for table, csv and markdown. */
  readonly columns: readonly Column[];
  readonly row: (item: T) => Row;
  /** The form for people, with its newline; the table where there is none. */
  readonly text?: ((item: T, look: Look) => string) | undefined;
}

/** Writes an answer to stdout in the form that was asked for, as it comes; tells how many items it had. */
export async function writeAnswer<T>(answer: Answer<T>, options: OutputOptions, io: Io): Promise<number> {
  let count = 0;
  const batches = counted(answer.batches, (items) => {
    count += items;
  });
  const form = formOf(answer, options);
  const chunks = chunksOf({ ...answer, batches }, form, lookOf(io, options), io);
  let pager = choosePager(form, options, io);
  let paged = false;
  for await (const chunk of tellWaiting(chunks, io, { label: "reading", hushed: () => paged })) {
    // Not before there is something to read: until then an interrupt is for us, and progress can be shown.
    if (pager !== undefined) paged = await io.pager.open(pager);
    pager = undefined;
    await io.out(chunk);
  }
  return count;
}

function formOf<T>({ text }: Answer<T>, { json, output }: OutputOptions): Form {
  if (json) return "json";
  return output ?? (text ? "text" : "table");
}

/** The answer in one of its forms, in pieces: no form holds more than a batch in memory. */
function chunksOf<T>(
  { batches, extra, json, columns, row, text }: Answer<T>,
  form: Form,
  look: Look,
  { outIsTTY }: Pick<Io, "outIsTTY">,
): AsyncIterable<string> {
  switch (form) {
    case "text":
      return gatherLines(batches, (item) => text?.(item, look) ?? "");
    case "table":
      return streamTable(columns, mapped(batches, row), look);
    case "json":
      return streamJson(each(batches, json), extra);
    case "ndjson":
      return gatherLines(batches, (item) => `${jsonLine(json(item))}\n`);
    case "csv":
      return streamCsv(columns, mapped(batches, row), { onTerminal: outIsTTY });
    case "markdown":
      return streamMarkdown(columns, mapped(batches, row));
  }
}

async function* counted<T>(batches: Answer<T>["batches"], count: (items: number) => void) {
  for await (const items of batches) {
    count(items.length);
    yield items;
  }
}

async function* mapped<T, U>(batches: Answer<T>["batches"], convert: (item: T) => U) {
  for await (const items of batches) yield items.map(convert);
}

async function* each<T, U>(batches: Answer<T>["batches"], convert: (item: T) => U) {
  for await (const items of batches) yield* items.map(convert);
}
