import { createHash } from "node:crypto";
import { ArchiveDamaged } from "./failure.ts";
import type { ArchivedFile } from "./manifest.ts";
import type { Target } from "./target.ts";

/** A file that is no larger is fetched once and kept while it is read; of a larger one the parts are fetched again. */
const MOST_KEPT = 64 * 1024 * 1024;

/**
 * The target as a reader of parts needs it who must not be deceived: before any part of one of these files is given
 * out, all of it is fetched, and is what was written. Else ArchiveDamaged.
 */
export function checkedTarget(target: Target, files: readonly ArchivedFile[]): Target {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const sound = new Set<string>();
  let kept: { readonly path: string; readonly bytes: Buffer } | undefined;
  return {
    text: target.text,
    write: (path, chunks) => target.write(path, chunks),
    read: (path) => target.read(path),
    list: (prefix) => target.list(prefix),
    remove: (path) => target.remove(path),
    readRange: async (path, start, end) => {
      const file = byPath.get(path);
      if (file !== undefined && !sound.has(path)) {
        kept = await fetchSound(target, file);
        sound.add(path);
      }
      return kept?.path === path ? kept.bytes.subarray(start, end) : target.readRange(path, start, end);
    },
  };
}

async function fetchSound(target: Target, { path, bytes, sha256 }: ArchivedFile) {
  const hash = createHash("sha256");
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of target.read(path)) {
    hash.update(chunk);
    length += chunk.length;
    if (bytes <= MOST_KEPT) chunks.push(chunk);
  }
  if (length !== bytes) throw new ArchiveDamaged(path, `has ${length} bytes; ${bytes} were written`);
  if (hash.digest("hex") !== sha256) throw new ArchiveDamaged(path, "is not the one that was written");
  return bytes <= MOST_KEPT ? { path, bytes: Buffer.concat(chunks) } : undefined;
}
