import { readFile, stat } from "node:fs/promises";

/** Whose password is asked for. `host` is a name, an address or a socket directory. */
export interface PasswordTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Socket directories that builds of libpq default to; a password file may call them "localhost". */
const DEFAULT_SOCKET_DIRECTORIES = new Set(["/var/run/postgresql", "/tmp"]);

/**
 * The password that a password file (`hostname:port:database:username:password` per line, `*` for any, `\:`
 * and `\\` escaped, `#` comments) holds for the target: the first line that matches decides.
 */
export function findPassword(text: string, target: PasswordTarget): string | undefined {
  const hosts = DEFAULT_SOCKET_DIRECTORIES.has(target.host) ? [target.host, "localhost"] : [target.host];
  const wanted = [hosts, [String(target.port)], [target.database], [target.user]];
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    const fields = splitFields(line);
    if (!fields) continue;
    const matches = wanted.every((values, index) => {
      const field = fields.patterns[index];
      return field === "*" || (field !== undefined && values.includes(unescapeField(field)));
    });
    if (matches) return unescapeField(fields.password);
  }
  return undefined;
}

function splitFields(line: string): { patterns: string[]; password: string } | undefined {
  const match = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/.exec(line);
  if (!match) return undefined;
  // libpq ends the password at the next bare colon.
  const password = /^(?:\\.|[^:\\])*/.exec(match[5] ?? "")?.[0] ?? "";
  return { patterns: match.slice(1, 5), password };
}

function unescapeField(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}

/**
 * The text of the password file, or why it is not used. Like libpq: a missing file is silence; one that
 * others may read is ignored with a warning, since its secrets are out already.
 */
export async function readPassfile(path: string): Promise<{ text?: string; warning?: string }> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) {
      return { warning: `The password file "${path}" is not a plain file and is ignored.` };
    }
    if (process.platform !== "win32" && (facts.mode & 0o077) !== 0) {
      return {
        warning: `The password file "${path}" can be read by others and is ignored. Run: chmod 600 ${path}`,
      };
    }
    return { text: await readFile(path, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    return { warning: `The password file "${path}" cannot be read (${String(code)}) and is ignored.` };
  }
}
