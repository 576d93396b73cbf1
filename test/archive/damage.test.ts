import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { checkFile } from "../../src/archive/checkFile.ts";
import { directoryTarget } from "../../src/archive/directory.ts";
import { ArchiveDamaged, ArchiveMissing } from "../../src/archive/failure.ts";
import type { ArchivedFile } from "../../src/archive/manifest.ts";
import { readFiles } from "../../src/archive/readFiles.ts";
import type { Target } from "../../src/archive/target.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { batched, context, forms, gathered, plainChange } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const changes = Array.from({ length: 3 }, (_, id) => plainChange({ 0: String(id), 7: `key ${id}` }));
let folder: string;
let target: Target;
let file: ArchivedFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "damage-"));
  target = directoryTarget(folder);
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(forms)("a file of $format with $compression", (form) => {
  beforeEach(async () => {
    const [written] = await writeSegment(target, batched(changes), { ...context, ...form });
    if (written === undefined) throw new Error("nothing was written");
    file = written;
  });

  it("is found damaged wherever a bit of it is another", async () => {
    const place = join(folder, file.path);
    const whole = await readFile(place);
    expect(await checkFile(target, file)).toEqual([]);
    const unnoticed: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(place, flipped);
      const findings = await checkFile(target, file);
      if (findings.length === 0 || !findings.every((text) => /^table=.*\.$/.test(text))) unnoticed.push(at);
    }
    expect(unnoticed).toEqual([]);
  }, 120_000);

  it("is found damaged wherever it was cut, and longer than it was", async () => {
    const place = join(folder, file.path);
    const whole = await readFile(place);
    for (let length = whole.length - 1; length >= 0; length -= 7) {
      await truncate(place, length);
      expect((await checkFile(target, file)).length, `cut to ${length}`).toBeGreaterThan(0);
    }
    await writeFile(place, Buffer.concat([whole, Buffer.from("x")]));
    expect((await checkFile(target, file)).length).toBeGreaterThan(0);
    await expect(gathered(readFiles(target, [{ ...file, bytes: whole.length - 1 }], {}))).rejects.toThrow(
      ArchiveDamaged,
    );
  });

  it("is found to hold other changes than were written down", async () => {
    expect(await checkFile(target, { ...file, changes: 4 })).toEqual([
      `${file.path} holds 3 changes; 4 were written.`,
    ]);
    expect(await checkFile(target, { ...file, lastId: "9" })).toEqual([
      `${file.path} holds the ids 0 to 2; 0 to 9 were written.`,
    ]);
    expect(await checkFile(target, { ...file, content: "0".repeat(64) })).toEqual([
      `${file.path} holds other changes than those that were written.`,
    ]);
  });

  it("is found missing", async () => {
    await target.remove(file.path);
    expect(await checkFile(target, file)).toEqual([`${file.path} is missing.`]);
    await expect(gathered(readFiles(target, [file], {}))).rejects.toThrow(ArchiveMissing);
  });
});
