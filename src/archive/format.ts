import type { ArchivedChange } from "./change.ts";
import type { Compression } from "./compression.ts";
import type { ArchiveFormat } from "./manifest.ts";
import { encodeNdjson } from "./ndjson.ts";
import { encodeParquet } from "./parquet/encodeParquet.ts";

const compressedSuffix: Readonly<Record<Compression, string>> = { gzip: ".gz", zstd: ".zst", none: "" };

/** How the name of a data file ends. Parquet is compressed inside of the file. */
export function extensionOf(format: ArchiveFormat, compression: Compression): string {
  return format === "parquet" ? ".parquet" : `.ndjson${compressedSuffix[compression]}`;
}

/** The bytes of a data file, as they come about. */
export function encodeFile(
  changes: AsyncIterable<readonly ArchivedChange[]>,
  format: ArchiveFormat,
  compression: Compression,
): AsyncIterable<Uint8Array> {
  return format === "parquet" ? encodeParquet(changes, compression) : encodeNdjson(changes, compression);
}
