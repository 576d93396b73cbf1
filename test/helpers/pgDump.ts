import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The pg_dump of a major, in the PATH or where Debian keeps it; undefined where there is none. */
export async function findPgDump(major: number): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), `/usr/lib/postgresql/${major}/bin`];
  for (const program of folders.map((folder) => join(folder, "pg_dump"))) {
    if (!existsSync(program)) continue;
    const { stdout } = await run(program, ["--version"]);
    if (new RegExp(` ${major}\\.`).test(stdout)) return program;
  }
  return undefined;
}

/** What pg_dump writes of a database, schema and data, without the lines that are new each time. */
export async function dumpOf(program: string, url: string): Promise<string> {
  const { stdout } = await run(program, ["--dbname", url], { maxBuffer: 1 << 28 });
  return stdout.replace(/^\\(un)?restrict .*$/gm, "");
}
