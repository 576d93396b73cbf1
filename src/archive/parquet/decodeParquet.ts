import { gunzipSync } from "node:zlib";
import {
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetRead,
  type RowGroup,
} from "hyparquet";
import { type ArchivedChange, type ArchivedColumn, archivedColumns } from "../change.ts";
import { boundsOf, type ColdFilter } from "../coldFilter.ts";
import { zstd } from "../compression.ts";
import { printedInstant } from "../timestamp.ts";
import { compareUtf8 } from "./statistics.ts";

/** A file's footer holds some ten kilobytes for a million changes: it mostly comes with the first reading. */
const FOOTER_BYTES = 1 << 16;

/** Fetches a part of the file: from `start` up to, but not with, `end`. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** A row group: where its bytes lie, and what it holds. */
export interface PlacedGroup {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly group: RowGroup;
}

export interface ParquetFooter {
  readonly bytes: number;
  readonly metadata: FileMetaData;
  readonly groups: readonly PlacedGroup[];
}

/** Reads the footer of a file of so many bytes. An error says what is wrong with it. */
export async function readFooter(readRange: ReadRange, bytes: number): Promise<ParquetFooter> {
  const metadata = await parquetMetadataAsync(
    {
      byteLength: bytes,
      slice: async (start, end = bytes) => exactly(await readRange(start, end), end - start),
    },
    { initialFetchSize: FOOTER_BYTES, geoparquet: false, parsers },
  );
  // The documents are read as the text they are, not as what JavaScript makes of it.
  for (const element of metadata.schema) if (element.converted_type === "JSON") asText(element);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  if (names.join() !== archivedColumns.join()) throw new Error(`its columns are others: ${names.join(", ")}`);
  return { bytes, metadata, groups: metadata.row_groups.map((group) => placed(group, bytes)) };
}

/** The changes of a row group, out of its bytes. */
export async function decodeGroup(
  footer: ParquetFooter,
  group: PlacedGroup,
  bytes: Uint8Array,
): Promise<ArchivedChange[]> {
  return await decodeColumns(footer, group, group.start, bytes, archivedColumns);
}

/**
 * The changes of the row groups that may hold what the filter takes: those whose bounds rule it out are not
 * fetched, and of the others only the keys where none is asked for. What is yielded is still to be tested.
 */
export async function* decodeParquet(
  readRange: ReadRange,
  bytes: number,
  filter: ColdFilter,
): AsyncGenerator<ArchivedChange[]> {
  const footer = await readFooter(readRange, bytes);
  for (const group of footer.groups) {
    if (!mayHold(group.group, filter)) continue;
    if (filter.keys !== undefined && !(await holdsKey(readRange, footer, group, filter))) continue;
    yield await decodeGroup(footer, group, await readRange(group.start, group.end));
  }
}

/** Whether the bounds of the row group leave room for a change that the filter takes. */
function mayHold(group: RowGroup, filter: ColdFilter): boolean {
  const { since, until, beganBy } = boundsOf(filter);
  const at = boundsOfColumn(group, "at");
  if (at !== undefined && since !== undefined && (at.greatest as bigint) < since) return false;
  if (at !== undefined && until !== undefined && (at.smallest as bigint) > until) return false;
  const began = boundsOfColumn(group, "began");
  if (beganBy !== undefined && began !== undefined && nullsOf(group, "began") === 0n) {
    if ((began.smallest as bigint) > beganBy) return false;
  }
  if (filter.keys === undefined || (filter.keyless && nullsOf(group, "key") !== 0n)) return true;
  return mayHoldKey(group, "key", filter.keys) || mayHoldKey(group, "old_key", filter.keys);
}

/** How many of its values are NULL; undefined where it is not written down. */
function nullsOf(group: RowGroup, column: ArchivedColumn): bigint | undefined {
  const nulls = chunkOf(group, column).statistics?.null_count;
  return nulls === undefined ? undefined : BigInt(nulls);
}

function mayHoldKey(group: RowGroup, column: "key" | "old_key", keys: ReadonlySet<string>): boolean {
  const statistics = chunkOf(group, column).statistics;
  if (statistics?.null_count === group.num_rows) return false;
  const bounds = boundsOfColumn(group, column);
  if (bounds === undefined) return true;
  const { smallest, greatest } = bounds;
  if (typeof smallest !== "string" || typeof greatest !== "string") return true;
  for (const key of keys) {
    if (compareUtf8(key, smallest) >= 0 && compareUtf8(key, greatest) <= 0) return true;
  }
  return false;
}

/** Reads the two columns of keys, which lie beside each other, before a whole row group. */
async function holdsKey(
  readRange: ReadRange,
  footer: ParquetFooter,
  group: PlacedGroup,
  { keys = new Set(), keyless = false }: ColdFilter,
): Promise<boolean> {
  const start = startOf(chunkOf(group.group, "key"));
  const last = chunkOf(group.group, "old_key");
  const bytes = await readRange(start, startOf(last) + Number(last.total_compressed_size));
  const rows = await decodeColumns(footer, group, start, bytes, ["key", "old_key"]);
  return rows.some(([key = null, oldKey = null]) => {
    return (key === null ? keyless : keys.has(key)) || (oldKey !== null && keys.has(oldKey));
  });
}

async function decodeColumns(
  footer: ParquetFooter,
  { group, rows }: PlacedGroup,
  offset: number,
  bytes: Uint8Array,
  columns: readonly ArchivedColumn[],
): Promise<ArchivedChange[]> {
  let decoded: unknown[][] = [];
  await parquetRead({
    file: {
      byteLength: footer.bytes,
      slice: (start, end = footer.bytes) =>
        exactly(bytes.subarray(start - offset, end - offset), end - start),
    },
    metadata: { ...footer.metadata, row_groups: [group], num_rows: group.num_rows },
    columns: [...columns],
    compressors,
    parsers: { ...parsers, timestampFromMicroseconds: printedInstant },
    geoparquet: false,
    rowFormat: "array",
    onComplete: (all) => {
      decoded = all;
    },
  });
  if (decoded.length !== rows) throw new Error(`a row group has ${decoded.length} rows, not ${rows}`);
  return decoded.map((row) => row.map(printed));
}

function printed(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : String(value);
}

function placed(group: RowGroup, bytes: number): PlacedGroup {
  const chunks = group.columns.map(({ meta_data }) => meta_data);
  let start = bytes;
  let end = 0;
  for (const chunk of chunks) {
    if (chunk === undefined) throw new Error("a column of a row group is not described");
    start = Math.min(start, startOf(chunk));
    end = Math.max(end, startOf(chunk) + Number(chunk.total_compressed_size));
  }
  if (chunks.length !== archivedColumns.length || start < 0 || end > bytes || start >= end) {
    throw new Error("a row group lies outside of the file");
  }
  return { start, end, rows: Number(group.num_rows), group };
}

type Chunk = NonNullable<RowGroup["columns"][number]["meta_data"]>;

function chunkOf(group: RowGroup, column: ArchivedColumn): Chunk {
  const chunk = group.columns[archivedColumns.indexOf(column)]?.meta_data;
  if (chunk === undefined) throw new Error(`a row group has no column ${column}`);
  return chunk;
}

function startOf(chunk: Chunk): number {
  return Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
}

function boundsOfColumn(
  group: RowGroup,
  column: ArchivedColumn,
): { smallest: unknown; greatest: unknown } | undefined {
  const statistics = chunkOf(group, column).statistics;
  const { min_value: smallest, max_value: greatest } = statistics ?? {};
  if (smallest === undefined || greatest === undefined) return undefined;
  return { smallest, greatest };
}

function asText(element: FileMetaData["schema"][number]): void {
  element.converted_type = "UTF8";
  element.logical_type = { type: "STRING" };
}

/** As a buffer of its own, which is what the reader wants; less than was asked for is an error. */
function exactly(bytes: Uint8Array, length: number): ArrayBuffer {
  if (bytes.length !== length) throw new Error(`it ends ${length - bytes.length} bytes too early`);
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  ZSTD: (bytes) => zstd().zstdDecompressSync(bytes),
};

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");

/** Instants stay microseconds, as the bounds of row groups are compared. */
const parsers: Partial<ParquetParsers> = {
  timestampFromMicroseconds: (microseconds: bigint) => microseconds,
  stringFromBytes: textOf,
};
