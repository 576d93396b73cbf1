import { chmod, mkdir, mkdtemp, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Binaries, findBinaries, isOpenToOthers, usableDirectory } from "../../src/embedded/binaries.ts";

let root: string;
let binaries: Binaries;
let spare: string;

/** Whoever runs the tests may give files to themselves. */
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pgtrail-test-"));
  await chmod(root, 0o755);
  const directory = join(root, "package", "native");
  spare = join(root, "spare");
  await mkdir(spare);
  await mkdir(join(directory, "bin"), { recursive: true });
  await mkdir(join(directory, "lib"));
  await writeFile(join(directory, "bin", "postgres"), "", { mode: 0o755 });
  await writeFile(join(directory, "lib", "libx.so.1.2"), "library");
  const links = [{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so.1" }];
  await writeFile(join(directory, "pg-symlinks.json"), JSON.stringify(links));
  binaries = { major: 18, version: "18.4.0", directory };
});

afterEach(async () => {
  await chmod(join(root, "package"), 0o755);
  await chmod(binaries.directory, 0o755);
  await rm(root, { recursive: true, force: true });
});

describe("usableDirectory", () => {
  it("is the package's own folder, with the library links that npm left out", async () => {
    expect(await usableDirectory(binaries, spare, undefined)).toBe(binaries.directory);
    expect(await readlink(join(binaries.directory, "lib", "libx.so.1"))).toBe("libx.so.1.2");
  });

  it("is the same the second time", async () => {
    await usableDirectory(binaries, spare, undefined);
    expect(await usableDirectory(binaries, spare, undefined)).toBe(binaries.directory);
  });

  it("is a copy where the server's user may not walk a folder above", async () => {
    await chmod(join(root, "package"), 0o700);
    const directory = await usableDirectory(binaries, spare, owner);
    expect(directory).toBe(join(spare, "native"));
    expect(await readlink(join(directory, "lib", "libx.so.1"))).toBe("libx.so.1.2");
    expect((await stat(join(directory, "bin", "postgres"))).uid).toBe(owner.uid);
  });

  it.skipIf(process.getuid?.() === 0)(
    "is a copy where links are missing in a folder that is not ours",
    async () => {
      await chmod(join(binaries.directory, "lib"), 0o555);
      const directory = await usableDirectory(binaries, spare, undefined);
      await chmod(join(binaries.directory, "lib"), 0o755);
      expect(directory).toBe(join(spare, "native"));
    },
  );
});

describe("isOpenToOthers", () => {
  it("is true for a path everyone can walk", async () => {
    expect(await isOpenToOthers(join(binaries.directory, "bin", "postgres"))).toBe(true);
  });

  it("is false when one folder above is closed", async () => {
    await chmod(join(root, "package"), 0o711);
    expect(await isOpenToOthers(join(binaries.directory, "bin", "postgres"))).toBe(true);
    await chmod(join(root, "package"), 0o750);
    expect(await isOpenToOthers(join(binaries.directory, "bin", "postgres"))).toBe(false);
  });
});

describe("findBinaries", () => {
  it.each([15, 16, 17, 18])(
    "finds PostgreSQL %i, which the development dependencies bring",
    async (major) => {
      expect(await findBinaries({ major })).toMatchObject({ major });
    },
  );

  it("takes the newest when no major is asked for", async () => {
    expect((await findBinaries())?.major).toBe(18);
  });

  it("is undefined for a major that is not installed", async () => {
    expect(await findBinaries({ major: 9 })).toBeUndefined();
  });
});
