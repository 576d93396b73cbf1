import { createHash, type Hash } from "node:crypto";
import { UserError } from "../errors.ts";
import { type ArchivedChange, canonicalLine } from "./change.ts";
import { parseCompression } from "./compression.ts";
import { ArchiveMissing } from "./failure.ts";
import type { ArchivedFile } from "./manifest.ts";
import { decodeNdjson } from "./ndjson.ts";
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
  const findings: string[] = [];
  try {
    for await (const batch of decodeNdjson(
      object.observe(target.read(file.path)),
      parseCompression(file.compression),
    )) {
      decoded.add(batch);
    }
  } catch (error) {
    if (error instanceof ArchiveMissing) return [`${file.path} is missing.`];
    if (error instanceof UserError) throw error;
    findings.push(`${file.path} cannot be decoded: ${(error as Error).message}.`);
  }
  if (findings.length === 0) findings.push(...decoded.compare(file));
  // What ended the decoding ended the reading too: size and sum are those of a part then.
  if (findings.length === 0) findings.push(...object.compare(file));
  return findings;
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
