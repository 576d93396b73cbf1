import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { directoryTarget } from "../../src/archive/directory.ts";
import { type ArchiveIdentity, claimTarget, readIdentity } from "../../src/archive/identity.ts";
import { type Manifest, publishManifest, readManifests } from "../../src/archive/manifest.ts";
import { openTarget, type Target } from "../../src/archive/target.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { batched, context, plainChange } from "./changes.ts";

// Two cores for everything: a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
let target: Target;
let manifest: Manifest;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "manifest-"));
  target = directoryTarget(folder);
  const files = await writeSegment(target, batched([plainChange(), plainChange({ 0: "8" })]), context);
  const at = "2026-11-26 14:23:14.123456+00";
  manifest = {
    version: 1,
    tool: "pgtrail 0.4.0",
    segment: {
      id: 12,
      era: 1,
      retention: "default",
      changes: 2,
      firstId: "7",
      lastId: "8",
      firstAt: at,
      lastAt: at,
    },
    relations: [
      {
        id: 3,
        schema: "public",
        table: "users",
        keyColumns: ["id"],
        shapes: [{ fromId: "1", attnum: 1, name: "id", type: "bigint", recorded: true }],
      },
    ],
    files,
  };
});
afterEach(() => rm(folder, { recursive: true }));

const place = () => join(folder, "_audit/segment-000012.json");

async function damaged(change: (json: Record<string, never>) => unknown): Promise<string> {
  const json = JSON.parse(await readFile(place(), "utf8"));
  await writeFile(place(), JSON.stringify(change(json) ?? json));
  return readManifests(target).then(
    () => "it was read",
    (error: Error & { exitCode: number }) => `${error.exitCode} ${error.message.replace(folder, "…")}`,
  );
}

describe("a manifest", () => {
  it("comes back as it was published, in the order of segments", async () => {
    const other: Manifest = {
      ...manifest,
      segment: {
        ...manifest.segment,
        id: 2,
        changes: 0,
        firstId: null,
        lastId: null,
        firstAt: null,
        lastAt: null,
      },
      files: [],
    };
    const first = await publishManifest(target, manifest);
    const second = await publishManifest(target, other);
    expect(await readManifests(target)).toEqual([
      { manifest: other, sha256: second.sha256 },
      { manifest, sha256: first.sha256 },
    ]);
  });

  it("is none where nothing was archived", async () => {
    expect(await readManifests(directoryTarget(join(folder, "nowhere")))).toEqual([]);
  });

  it.each([
    [
      "of a later version",
      (json: { version: number }) => void Object.assign(json, { version: 2 }),
      "has version 2; this program reads version 1.",
    ],
    [
      "without files",
      (json: { files?: unknown }) => void delete json.files,
      "cannot be read: files is no list: it is missing.",
    ],
    [
      "that leads out of the archive",
      (json: { files: { path: string }[] }) =>
        void Object.assign(json.files[0] ?? {}, { path: "table=x/../../y" }),
      'cannot be read: files[0].path is no path of a data file: "table=x/../../y".',
    ],
    [
      "with a file too few",
      (json: { files: unknown[] }) => void json.files.pop(),
      "cannot be read: its files hold 0 changes, its segment 2.",
    ],
    [
      "of another segment",
      (json: { segment: { id: number } }) => void Object.assign(json.segment, { id: 13 }),
      "cannot be read: it is the one of segment 13.",
    ],
    ["that is a list", () => [], "cannot be read: the manifest is no object: []."],
    [
      "with a text for a number",
      (json: { segment: { changes: unknown } }) => void Object.assign(json.segment, { changes: "2" }),
      'cannot be read: segment.changes is no whole number: "2".',
    ],
  ])("%s is refused", async (_, change, sentence) => {
    await publishManifest(target, manifest);
    expect(await damaged(change as (json: Record<string, never>) => unknown)).toBe(
      `4 The manifest _audit/segment-000012.json in … ${sentence}`,
    );
  });

  it("that was cut is refused", async () => {
    await publishManifest(target, manifest);
    await writeFile(place(), (await readFile(place(), "utf8")).slice(0, 50));
    await expect(readManifests(target)).rejects.toThrow(/cannot be read: it is no JSON/);
  });
});

describe("the identity of an archive", () => {
  const identity: ArchiveIdentity = {
    version: 1,
    installation: { database: "shop", schema: "audit", systemIdentifiers: ["7570000000000000001"] },
    createdAt: "2026-11-26T14:23:14Z",
  };
  const moved = (systemIdentifiers: string[]): ArchiveIdentity => ({
    ...identity,
    installation: { ...identity.installation, systemIdentifiers },
  });

  it("is written by the first, found by the next, and takes servers on", async () => {
    expect(await readIdentity(target)).toBeUndefined();
    await claimTarget(target, identity);
    await claimTarget(target, moved(["7570000000000000001", "2"]));
    await claimTarget(target, moved(["2"]));
    expect(await readIdentity(target)).toEqual(moved(["7570000000000000001", "2"]));
  });

  it("refuses another installation", async () => {
    await claimTarget(target, identity);
    const refused = {
      exitCode: 5,
      message: `${folder} holds the archive of another installation: schema audit of database shop, server 7570000000000000001.`,
    };
    await expect(claimTarget(target, moved(["2"]))).rejects.toMatchObject(refused);
    const renamed = { ...identity, installation: { ...identity.installation, database: "blog" } };
    await expect(claimTarget(target, renamed)).rejects.toMatchObject(refused);
  });

  it("is not guessed at when it is damaged", async () => {
    await claimTarget(target, identity);
    await writeFile(join(folder, "_audit/archive.json"), "{}");
    await expect(claimTarget(target, identity)).rejects.toMatchObject({ exitCode: 4 });
  });
});

describe("a folder", () => {
  it("keeps the former file, and nothing else, when what is to be written fails", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("the source broke");
    }
    await publishManifest(target, manifest);
    const before = await readFile(place(), "utf8");
    await expect(target.write("_audit/segment-000012.json", broken())).rejects.toThrow("the source broke");
    expect(await readFile(place(), "utf8")).toBe(before);
    expect(await readdir(join(folder, "_audit"))).toEqual(["segment-000012.json"]);
  });

  it("does not list what a run that was cut off left unfinished", async () => {
    await publishManifest(target, manifest);
    await writeFile(join(folder, "_audit/.unfinished-segment-000013.json-00"), "{");
    const paths: string[] = [];
    for await (const { path } of target.list("_audit/")) paths.push(path);
    expect(paths).toEqual(["_audit/segment-000012.json"]);
  });

  it("says what is in the way", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(openTarget(join(folder, "file"), {}).write("x", batched([]) as never)).rejects.toMatchObject(
      {
        exitCode: 4,
        message: `Cannot write ${join(folder, "file")}/x: a part of the path is no directory.`,
      },
    );
  });

  it.each([
    ["", "The archive's target is empty."],
    ["ftp://x/y", "ftp:// is no place for an archive."],
    ["file://host/x", "file://host/x does not name a directory of this machine."],
  ])("%j is no target", (text, message) => {
    expect(() => openTarget(text, {})).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });
});

describe("a segment", () => {
  it.each([
    ["of several, mixed", [plainChange(), plainChange({ 4: "4" }), plainChange()], /do not come together/],
    [
      "with changes of another",
      [plainChange(), plainChange({ 5: "13" })],
      /a change of segment 13 among those of 12/,
    ],
  ])("%s is not written", async (_, changes, message) => {
    await expect(writeSegment(target, batched(changes), context)).rejects.toThrow(message);
  });

  it("lies where Hive would lay it", async () => {
    const tableOf = () => ({ schema: "public", table: 'a b/ü="%' });
    const form = { ...context, tableOf, mostChanges: 1 };
    const files = await writeSegment(target, batched([plainChange(), plainChange()]), form);
    expect(files.map(({ path }) => path)).toEqual([
      "table=public.a%20b%2Fü%3D%22%25/month=2026-11/segment-000012.relation-3.ndjson.gz",
      "table=public.a%20b%2Fü%3D%22%25/month=2026-11/segment-000012.relation-3.part-2.ndjson.gz",
    ]);
  });
});
