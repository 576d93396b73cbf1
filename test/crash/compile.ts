import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Makes a program of a TypeScript file under test, which Node 20 cannot run itself; returns its path. */
export async function compileProgram(source: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  const config = {
    extends: join(root, "tsconfig.json"),
    // The types were checked with all others.
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      rootDir: join(root, "test"),
      outDir: join(directory, "out"),
      rewriteRelativeImportExtensions: true,
    },
    include: [],
    files: [join(root, "test", source)],
  };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify(config));
  await promisify(execFile)(join(root, "node_modules", ".bin", "tsc"), [
    "-p",
    join(directory, "tsconfig.json"),
  ]);
  return join(directory, "out", source.replace(/\.ts$/, ".js"));
}
