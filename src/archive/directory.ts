import { randomBytes } from "node:crypto";
import type { Dirent } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ArchiveMissing, archiveFailure } from "./failure.ts";
import type { Target } from "./target.ts";

/** What a file is called while it is written. A run that was cut off may leave one; nobody reads it. */
const UNFINISHED = /^\.unfinished-/;

/** An archive in a folder of this machine, which is made with its first object. */
export function directoryTarget(folder: string): Target {
  const place = (path: string): string => join(folder, path);
  return {
    text: folder,
    write: (path, chunks) => writeWhole(folder, path, chunks),
    async *read(path) {
      const handle = await openFile(folder, path);
      try {
        yield* handle.createReadStream({ autoClose: false, highWaterMark: 1 << 18 });
      } catch (error) {
        throw failed("read", place(path), error);
      } finally {
        await handle.close();
      }
    },
    async readRange(path, start, end) {
      const handle = await openFile(folder, path);
      try {
        const { size } = await handle.stat();
        const length = Math.max(0, Math.min(end, size) - start);
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } catch (error) {
        throw failed("read", place(path), error);
      } finally {
        await handle.close();
      }
    },
    list: (prefix) => listFiles(folder, prefix),
    removeUnfinished: () => removeUnfinished(folder),
    async remove(path) {
      try {
        await rm(place(path), { force: true });
      } catch (error) {
        throw failed("remove", place(path), error);
      }
    },
  };
}

/** Under another name in the same folder first: a crash leaves the former file or the whole new one. */
async function writeWhole(folder: string, path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const final = join(folder, path);
  const holder = dirname(final);
  const unfinished = join(
    holder,
    `.unfinished-${basename(final).slice(0, 150)}-${randomBytes(6).toString("hex")}`,
  );
  let handle: FileHandle | undefined;
  try {
    await makeFolders(holder);
    handle = await open(unfinished, "wx", 0o640);
  } catch (error) {
    throw failed("write", final, error);
  }
  try {
    for await (const chunk of chunks) {
      try {
        await handle.writeFile(chunk);
      } catch (error) {
        throw failed("write", final, error);
      }
    }
    try {
      await handle.sync();
      await handle.close();
      handle = undefined;
      await rename(unfinished, final);
      await syncFolder(holder);
    } catch (error) {
      throw failed("write", final, error);
    }
  } catch (error) {
    await handle?.close().catch(() => {});
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

/** Makes the folder with those above it, each entry on disk: a new folder is lost with its parent's entry. */
async function makeFolders(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; there a rename is as durable as it gets.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openFile(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(join(folder, path), "r");
  } catch (error) {
    if (isMissing(error)) throw new ArchiveMissing(folder, path);
    throw failed("read", join(folder, path), error);
  }
}

async function* listFiles(folder: string, prefix: string): AsyncGenerator<{ path: string; bytes: number }> {
  const last = prefix.lastIndexOf("/");
  yield* walk(folder, last < 0 ? "" : prefix.slice(0, last), prefix);
}

async function* walk(
  root: string,
  under: string,
  prefix: string,
): AsyncGenerator<{ path: string; bytes: number }> {
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, under), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw failed("list", join(root, under), error);
  }
  for (const entry of entries) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) {
      if (path.startsWith(prefix) || prefix.startsWith(`${path}/`)) yield* walk(root, path, prefix);
    } else if (path.startsWith(prefix) && !UNFINISHED.test(entry.name)) {
      yield { path, bytes: (await stat(join(root, path))).size };
    }
  }
}

async function removeUnfinished(folder: string): Promise<void> {
  try {
    for (const path of await readdir(folder, { recursive: true }))
      if (UNFINISHED.test(basename(path))) await rm(join(folder, path), { force: true });
  } catch (error) {
    if (!isMissing(error)) throw failed("remove", folder, error);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

function failed(act: "read" | "write" | "remove" | "list", path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = reasons[code ?? ""] ?? message;
  return archiveFailure(`Cannot ${act} ${path}: ${why}.`, error);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is no directory",
  EEXIST: "a part of the path is no directory",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long for the file system",
  EIO: "input/output error",
};
