import type { OutputOptions } from "../commands/options.ts";
import type { Io } from "../io.ts";
import type { Column, Look, Row } from "./columns.ts";
import { type ExtraFields, streamJson } from "./json.ts";
import { lookOf } from "./look.ts";
import { streamTable } from "./stream.ts";

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
  const look = lookOf(io);
  const { text } = answer;
  if (options.json) {
    for await (const chunk of streamJson(each(batches, answer.json), answer.extra)) await io.out(chunk);
  } else if (text) {
    for await (const items of batches) await io.out(items.map((item) => text(item, look)).join(""));
  } else {
    const rows = mapped(batches, answer.row);
    for await (const chunk of streamTable(answer.columns, rows, look)) await io.out(chunk);
  }
  return count;
}

async function* counted<T>(batches: Answer<T>["batches"], count: (items: number) => void) {
  for await (const items of batches) {
    count(items.length);
    yield items;
  }
}

async function* mapped<T, U>(batches: AsyncIterable<readonly T[]>, convert: (item: T) => U) {
  for await (const items of batches) yield items.map(convert);
}

async function* each<T, U>(batches: AsyncIterable<readonly T[]>, convert: (item: T) => U) {
  for await (const items of batches) yield* items.map(convert);
}
