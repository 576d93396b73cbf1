import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkFile } from "../../src/archive/checkFile.ts";
import { directoryTarget } from "../../src/archive/directory.ts";
import { readFiles } from "../../src/archive/readFiles.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { batched, context, forms, formsOfLaterNode, gathered, segment } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "archive-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(forms)("$format with $compression", (form) => {
  it("gives back exactly the changes that were written, and finds them well", async () => {
    const target = directoryTarget(folder);
    await fc.assert(
      fc.asyncProperty(segment, fc.integer({ min: 1, max: 9 }), async (changes, size) => {
        let heard = 0;
        const files = await writeSegment(
          target,
          batched(changes, size),
          { ...context, ...form, mostChanges: 7 },
          (count) => {
            heard += count;
          },
        );
        expect(heard).toBe(changes.length);
        expect(await gathered(readFiles(target, files, {}))).toEqual(changes);
        for (const file of files) expect(await checkFile(target, file)).toEqual([]);
        expect(files.reduce((sum, file) => sum + file.changes, 0)).toBe(changes.length);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

it.skip.each(formsOfLaterNode)("$format with $compression: zstd needs Node.js 22.15 or later", () => {});
