import * as zlib from "node:zlib";
import { usageError } from "../errors.ts";

export const compressions = ["gzip", "zstd", "none"] as const;

export type Compression = (typeof compressions)[number];

/** What zlib has from Node 22.15 on; the types in use know older ones only. */
interface Zstd {
  readonly createZstdCompress?: () => zlib.Gzip;
  readonly createZstdDecompress?: () => zlib.Gunzip;
  readonly zstdCompressSync?: (bytes: Uint8Array) => Buffer;
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Buffer;
}

/** zstd as this Node has it. Exit 2 where it has none. */
export function zstd(): Required<Zstd> {
  const found = zlib as Zstd;
  if (found.createZstdCompress === undefined) {
    throw usageError(
      `zstd needs Node.js 22.15 or later; this is ${process.version}.`,
      "Use gzip, or a newer Node.js.",
    );
  }
  return found as Required<Zstd>;
}

/** Reads the name of a compression. Exit 2 for what is none, or none that this Node has. */
export function parseCompression(text: string): Compression {
  const found = compressions.find((name) => name === text);
  if (found === undefined) {
    throw usageError(`${text} is no compression of the archive.`, "Give gzip, zstd or none.");
  }
  if (found === "zstd") zstd();
  return found;
}
