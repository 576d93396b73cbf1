import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { type ArchivedChange, type ArchivedColumn, archivedColumns } from "./change.ts";
import { type Compression, zstd } from "./compression.ts";

/** Lines are gathered to chunks of about so many characters, and read in batches of as many. */
const CHUNK = 1 << 18;

/** These stand as JSON numbers, digit for digit; the documents stand as they are; all else is a JSON string. */
const numbers: readonly ArchivedColumn[] = ["id", "xid", "relation", "segment"];
const documents: readonly ArchivedColumn[] = ["old", "new", "context"];

const columns = archivedColumns.map((name, index) => ({
  name,
  kind: numbers.includes(name) ? "number" : documents.includes(name) ? "document" : "text",
  lead: `${index === 0 ? "{" : ","}"${name}":`,
}));

/** Writes changes one JSON object a line, every column in order. */
export async function* encodeNdjson(
  changes: AsyncIterable<readonly ArchivedChange[]>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const text = encodeText(changes);
  if (compression === "none") yield* text;
  else yield* through(text, compression === "gzip" ? createGzip({ level: 6 }) : zstd().createZstdCompress());
}

/** Reads back exactly the texts that were written. What is no such file: an error that says what was met. */
export async function* decodeNdjson(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<ArchivedChange[]> {
  const plain =
    compression === "none"
      ? chunks
      : through(chunks, compression === "gzip" ? createGunzip() : zstd().createZstdDecompress());
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  let line = 0;
  let batch: ArchivedChange[] = [];
  let held = 0;
  for await (const chunk of plain) {
    const text = rest + decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      line++;
      batch.push(parseLine(text.slice(start, end), line));
      held += end - start;
      start = end + 1;
      if (held >= CHUNK) {
        yield batch;
        batch = [];
        held = 0;
      }
    }
    rest = text.slice(start);
  }
  rest += decoder.decode();
  if (rest !== "") throw new Error(`line ${line + 1} does not end`);
  if (batch.length > 0) yield batch;
}

async function* encodeText(changes: AsyncIterable<readonly ArchivedChange[]>): AsyncGenerator<Uint8Array> {
  let text = "";
  for await (const batch of changes) {
    for (const change of batch) {
      text += lineOf(change);
      if (text.length < CHUNK) continue;
      yield Buffer.from(text);
      text = "";
    }
  }
  if (text !== "") yield Buffer.from(text);
}

function lineOf(change: ArchivedChange): string {
  let line = "";
  for (const [index, { name, kind, lead }] of columns.entries()) {
    const value = change[index];
    if (value === undefined) throw new RangeError(`a change without ${name} is no change`);
    line += lead + (value === null ? "null" : kind === "text" ? JSON.stringify(value) : bare(value, kind));
  }
  return `${line}}\n`;
}

/** A value that stands in the line without quotes must not be able to end it, or to be taken for another. */
function bare(value: string, kind: string): string {
  const fits = kind === "number" ? /^-?\d+$/.test(value) : !/[\n\r]/.test(value) && value !== "null";
  if (!fits) throw new RangeError(`not a ${kind} as PostgreSQL prints one: ${value.slice(0, 100)}`);
  return value;
}

function parseLine(line: string, number: number): ArchivedChange {
  const change: (string | null)[] = [];
  let at = 0;
  for (const { name, kind, lead } of columns) {
    if (!line.startsWith(lead, at)) throw new Error(`line ${number} has no ${name} where it should be`);
    at += lead.length;
    const end = kind === "text" && line[at] === '"' ? endOfString(line, at) : endOfValue(line, at);
    const value = line.slice(at, end);
    at = end;
    if (value === "null") change.push(null);
    else if (kind === "text") change.push(value.includes("\\") ? JSON.parse(value) : value.slice(1, -1));
    else change.push(value);
  }
  if (at !== line.length - 1 || line[at] !== "}") throw new Error(`line ${number} does not end with a brace`);
  return change;
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(line: string, start: number): number {
  for (let at = line.indexOf('"', start + 1); at >= 0; at = line.indexOf('"', at + 1)) {
    let slashes = 0;
    while (line[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return line.length;
}

/** Behind a number, null, or a document with all that is in it. */
function endOfValue(line: string, start: number): number {
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    const character = line.charCodeAt(at);
    if (character === QUOTE) at = endOfString(line, at) - 1;
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) depth++;
    else if (depth > 0 && (character === CLOSE_BRACE || character === CLOSE_BRACKET)) depth--;
    else if (depth === 0 && (character === COMMA || character === CLOSE_BRACE)) return at;
  }
  return line.length;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The chunks as the transform makes them; an error of either side ends it. */
async function* through(chunks: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks, { objectMode: false });
  // Its failure arrives at the reader too: the transform is destroyed with it.
  pipeline(source, transform).catch(() => {});
  yield* transform;
}
