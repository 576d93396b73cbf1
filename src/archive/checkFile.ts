import { createHash, type Hash } from "node:crypto";
import { safeText } from "../core/safe.ts";
import { UserError } from "../errors.ts";
import { type ArchivedChange, canonicalLine } from "./change.ts";
import { parseCompression } from "./compression.ts";
import { ArchiveMissing } from "./failure.ts";
import type { ArchivedFile } from "./manifest.ts";
import { decodeNdjson } from "./ndjson.ts";
import { decodeGroup, readFooter } from "./parquet/decodeParquet.ts";
import type { Target } from "./target.ts";
import { type Extent, widened } from "./writeSegment.ts";

/**
 * Reads a data file back, every byte of it, and holds it against what was written down: size, SHA-256, and
 * the changes decoded from it by number, extent and content. Findings are sentences; none when all is well.
 * A target that cannot be reached throws: nothing is known then.
 */
export async function checkFile(target: Target, file: ArchivedFile): Promise<string[]> {
  const object = new ObjectSum();
  const decoded = new ChangesSum();
  try {
    const chunks = object.observe(target.read(file.path));
    for await (const batch of decodeWhole(target, file, chunks)) decoded.add(batch);
  } catch (error) {
    if (error instanceof ArchiveMissing) return [`${file.path} is missing.`];
    if (error instanceof UserError) throw error;
    return [`${file.path} cannot be decoded: ${safeText((error as Error).message)}.`];
  }
  return [...decoded.compare(file), ...object.compare(file)];
}

/** The changes of the file out of its chunks, of which every one is taken. */
async function* decodeWhole(
  target: Target,
  file: ArchivedFile,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchivedChange[]> {
  if (file.format === "ndjson") {
    yield* decodeNdjson(chunks, parseCompression(file.compression));
    return;
  }
  // The footer tells where the row groups lie, and comes last: it is the one part that is fetched twice.
  const { path, bytes } = file;
  const footer = await readFooter((start, end) => target.readRange(path, start, end), bytes);
  const window = new Window();
  let next = 0;
  for await (const chunk of chunks) {
    window.add(chunk);
    for (let group = footer.groups[next]; group !== undefined && group.end <= window.end; ) {
      yield await decodeGroup(footer, group, window.take(group.start, group.end));
      group = footer.groups[++next];
    }
    if (next === footer.groups.length) window.skip();
  }
  if (next < footer.groups.length) throw new Error("it ends before its last row group does");
}

/** The part of a stream that is still to be used. */
class Window {
  #parts: Uint8Array[] = [];
  #start = 0;
  end = 0;

  add(chunk: Uint8Array): void {
    this.#parts.push(chunk);
    this.end += chunk.length;
  }

  /** The bytes from start up to end; what lies before the end is forgotten. */
  take(start: number, end: number): Uint8Array {
    if (start < this.#start) throw new Error("its row groups do not follow one another");
    const all = Buffer.concat(this.#parts);
    const taken = all.subarray(start - this.#start, end - this.#start);
    this.#parts = [all.subarray(end - this.#start)];
    this.#start = end;
    return taken;
  }

  skip(): void {
    this.#parts = [];
    this.#start = this.end;
  }
}

class ObjectSum {
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;

  async *observe(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  compare(file: ArchivedFile): string[] {
    if (this.#bytes !== file.bytes) {
      return [`${file.path} has ${this.#bytes} bytes; ${file.bytes} were written.`];
    }
    const sum = this.#hash.digest("hex");
    return sum === file.sha256 ? [] : [`${file.path} has SHA-256 ${sum}; ${file.sha256} was written.`];
  }
}

class ChangesSum {
  readonly #hash: Hash = createHash("sha256");
  #changes = 0;
  #extent: Extent | undefined;

  add(batch: readonly ArchivedChange[]): void {
    let lines = "";
    for (const change of batch) {
      lines += canonicalLine(change);
      this.#extent = widened(this.#extent, change);
    }
    this.#hash.update(lines);
    this.#changes += batch.length;
  }

  compare(file: ArchivedFile): string[] {
    if (this.#changes !== file.changes) {
      return [`${file.path} holds ${this.#changes} changes; ${file.changes} were written.`];
    }
    const { firstId, lastId } = this.#extent ?? { firstId: "none", lastId: "none" };
    if (String(firstId) !== file.firstId || String(lastId) !== file.lastId) {
      return [
        `${file.path} holds the ids ${firstId} to ${lastId}; ${file.firstId} to ${file.lastId} were written.`,
      ];
    }
    return this.#hash.digest("hex") === file.content
      ? []
      : [`${file.path} holds other changes than those that were written.`];
  }
}
