import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ArchivedChange } from "../change.ts";
import { type Compression, zstd } from "../compression.ts";
import { type ParquetColumn, parquetColumns, physicalType, schemaElements } from "./columns.ts";
import { type EncodedColumn, Encoding, encodeColumn } from "./encodeColumn.ts";
import { statisticsFields } from "./statistics.ts";
import { encodeThrift, type Fields, i32, i64, list, struct, text } from "./thrift.ts";

const MAGIC = Buffer.from("PAR1");

/** A row group ends at whichever comes first: it is what writer and reader hold in memory. */
const GROUP_CHANGES = 16_384;
const GROUP_CHARACTERS = 2_000_000;

/** The numbers of the codecs. */
const codecs: Readonly<Record<Compression, number>> = { none: 0, gzip: 2, zstd: 6 };

/**
 * Writes changes as Parquet: row groups of bounded size with bounds on what readers search by, columns
 * compressed on threads of their own. What was in memory for one group is gone with it, but for its footer.
 */
export async function* encodeParquet(
  changes: AsyncIterable<readonly ArchivedChange[]>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const groups: Fields[] = [];
  let offset = MAGIC.length;
  let rows = 0;
  yield MAGIC;
  for await (const group of inGroups(changes)) {
    const chunks = await compressColumns(group, compression);
    const start = offset;
    const columns: Fields[] = [];
    for (const chunk of chunks) {
      columns.push(columnFields(chunk, offset));
      for (const part of chunk.parts) yield part;
      offset += chunk.bytes;
    }
    groups.push({
      1: list(columns.map(struct)),
      2: i64(chunks.reduce((sum, chunk) => sum + chunk.plainBytes, 0)),
      3: i64(group.length),
      5: i64(start),
      6: i64(offset - start),
    });
    rows += group.length;
  }
  const footer = encodeThrift({
    1: i32(2),
    2: list(schemaElements.map(struct)),
    3: i64(rows),
    4: list(groups.map(struct)),
    6: text("pgtrail"),
    // Bounds are in the order of the type: without this readers do not trust those of texts.
    7: list(parquetColumns.map(() => struct({ 1: struct({}) }))),
  });
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(footer.length);
  yield Buffer.concat([footer, length, MAGIC]);
}

async function* inGroups(
  changes: AsyncIterable<readonly ArchivedChange[]>,
): AsyncGenerator<ArchivedChange[]> {
  let group: ArchivedChange[] = [];
  let characters = 0;
  for await (const batch of changes) {
    for (const change of batch) {
      group.push(change);
      for (const value of change) characters += value?.length ?? 0;
      if (group.length < GROUP_CHANGES && characters < GROUP_CHARACTERS) continue;
      yield group;
      group = [];
      characters = 0;
    }
  }
  if (group.length > 0) yield group;
}

/**
 * Two at a time: what one thread compresses, the other encodes meanwhile. All at once would hold every column
 * twice, and a compressor's memory for each.
 */
async function compressColumns(
  group: readonly ArchivedChange[],
  compression: Compression,
): Promise<CompressedColumn[]> {
  const chunks: CompressedColumn[] = [];
  let before: Promise<CompressedColumn> | undefined;
  for (const column of parquetColumns) {
    const current = compressColumn(encodeColumn(group, column), column, compression);
    // It is awaited in its turn; failing meanwhile, it must not count as unhandled.
    current.catch(() => {});
    if (before !== undefined) chunks.push(await before);
    before = current;
  }
  if (before !== undefined) chunks.push(await before);
  return chunks;
}

interface CompressedColumn {
  readonly column: ParquetColumn;
  readonly encoded: EncodedColumn;
  readonly compression: Compression;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly plainBytes: number;
  /** What the dictionary takes, in front of the data page; 0 where there is none. */
  readonly dictionaryBytes: number;
}

async function compressColumn(
  encoded: EncodedColumn,
  column: ParquetColumn,
  compression: Compression,
): Promise<CompressedColumn> {
  const { dictionary, page, rows } = encoded;
  const used = page.length + (dictionary?.body.length ?? 0) < WORTH_COMPRESSING ? "none" : compression;
  const parts: Uint8Array[] = [];
  let plainBytes = 0;
  const add = async (body: Uint8Array, header: Fields): Promise<void> => {
    const compressed = await compress(body, used);
    const head = encodeThrift({ ...header, 2: i32(body.length), 3: i32(compressed.length) });
    parts.push(head, compressed);
    plainBytes += head.length + body.length;
  };
  if (dictionary !== undefined) {
    const header = struct({ 1: i32(dictionary.values), 2: i32(Encoding.plain) });
    await add(dictionary.body, { 1: i32(2), 7: header });
  }
  const dictionaryBytes = sizeOf(parts);
  const encoding = dictionary === undefined ? Encoding.plain : Encoding.dictionary;
  const header = struct({ 1: i32(rows), 2: i32(encoding), 3: i32(Encoding.rle), 4: i32(Encoding.rle) });
  await add(page, { 1: i32(0), 5: header });
  return { column, encoded, compression: used, parts, bytes: sizeOf(parts), plainBytes, dictionaryBytes };
}

function columnFields(chunk: CompressedColumn, offset: number): Fields {
  const { column, encoded, bytes, plainBytes, dictionaryBytes } = chunk;
  const encodings =
    encoded.dictionary === undefined
      ? [Encoding.plain, Encoding.rle]
      : [Encoding.plain, Encoding.rle, Encoding.dictionary];
  return {
    2: i64(offset),
    3: struct({
      1: i32(physicalType(column.kind)),
      2: list(encodings.map(i32)),
      3: list([text(column.name)]),
      4: i32(codecs[chunk.compression]),
      5: i64(encoded.rows),
      6: i64(plainBytes),
      7: i64(bytes),
      9: i64(offset + dictionaryBytes),
      11: dictionaryBytes === 0 ? undefined : i64(offset),
      12: struct(statisticsFields(encoded.statistics)),
    }),
  };
}

/** A column that repeats one value is down to a few bytes already; a compressor costs more than it could save. */
const WORTH_COMPRESSING = 256;

const gzipped = promisify<Uint8Array, { level: number; chunkSize: number }, Buffer>(gzip);

async function compress(body: Uint8Array, compression: Compression): Promise<Uint8Array> {
  if (compression === "none") return body;
  if (compression === "zstd") return zstd().zstdCompressSync(body);
  return gzipped(body, { level: 6, chunkSize: 1 << 16 });
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
