import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { ArchivedChange } from "./change.ts";
import { boundsOf, type ColdFilter, testOf } from "./coldFilter.ts";
import { parseCompression } from "./compression.ts";
import { ArchiveDamaged } from "./failure.ts";
import type { ArchivedFile } from "./manifest.ts";
import { decodeNdjson } from "./ndjson.ts";
import { decodeParquet } from "./parquet/decodeParquet.ts";
import type { Target } from "./target.ts";
import { microsecondsOf } from "./timestamp.ts";

/**
 * The changes of the files that the filter takes, in batches, file by file in the order written. Parquet is
 * read in parts, only those that may hold some; NDJSON always whole. What is not what was written ends it with
 * ArchiveDamaged, though maybe only behind the last batch: use what came before only once all has come.
 */
export async function* readFiles(
  target: Target,
  files: readonly ArchivedFile[],
  filter: ColdFilter,
): AsyncGenerator<ArchivedChange[]> {
  const test = testOf(filter);
  const { since, until } = boundsOf(filter);
  for (const file of files) {
    if (since !== undefined && microsecondsOf(file.lastAt) < since) continue;
    if (until !== undefined && microsecondsOf(file.firstAt) > until) continue;
    for await (const batch of readFile(target, file, filter)) {
      const taken = batch.filter(test);
      if (taken.length > 0) yield taken;
    }
  }
}

async function* readFile(
  target: Target,
  file: ArchivedFile,
  filter: ColdFilter,
): AsyncGenerator<ArchivedChange[]> {
  try {
    if (file.format === "ndjson") yield* readNdjson(target, file);
    else {
      const { path, bytes } = file;
      yield* decodeParquet((start, end) => target.readRange(path, start, end), bytes, filter);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new ArchiveDamaged(file.path, `cannot be decoded: ${(error as Error).message}`, { cause: error });
  }
}

async function* readNdjson(target: Target, file: ArchivedFile): AsyncGenerator<ArchivedChange[]> {
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of target.read(file.path)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  yield* decodeNdjson(hashed(), parseCompression(file.compression));
  if (hash.digest("hex") !== file.sha256)
    throw new ArchiveDamaged(file.path, "is not the one that was written");
}
