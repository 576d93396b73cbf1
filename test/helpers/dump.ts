import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { connectTo, type TestSql } from "./client.ts";
import { splitDump } from "./splitDump.ts";

/** The example databases lie beside the repository, not in it. */
const folder = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

const copyTimeout = 60_000;

/** The file of an example database such as `chinook`; undefined where it is missing. */
export function findDump(name: string): string | undefined {
  const path = `${folder}${name}.sql`;
  return existsSync(path) ? path : undefined;
}

/** A group of tests on an example database; skipped, with the reason in its title, where the file is missing. */
export function describeWithDump(name: string, body: (path: string) => void): void {
  const path = findDump(name);
  if (path) return void describe(name, () => body(path));
  describe.skip(`${name} (skipped: ${folder}${name}.sql is missing)`, () => body(""));
}

/**
 * Loads a plain pg_dump file into an empty database, as psql would with ON_ERROR_STOP: statements in order, each
 * on its own. Throws the server's error with the statement it belongs to.
 */
export async function loadDump(url: string, path: string): Promise<void> {
  const steps = splitDump(await readFile(path, "utf8"));
  const sql = connectTo(url, { max: 1 });
  // A driver whose COPY failed is not to be trusted with the statements that follow.
  const copying = connectTo(url, { max: 1 });
  try {
    for (const step of steps) {
      try {
        if (step.kind === "copy") await copyRows(copying, step.text, step.rows);
        else await sql.unsafe(step.text).simple();
      } catch (error) {
        throw new Error(`${(error as Error).message}, in: ${step.text.slice(0, 200)}`, { cause: error });
      }
    }
  } finally {
    await Promise.all([sql.end({ timeout: 1 }), copying.end({ timeout: 1 })]);
  }
}

/**
 * The driver gives no sign when the server refuses the rows: the query has been answered (by the stream) and the
 * stream waits for a completion that never comes. Its private `reject` is told, so we listen there; the timeout
 * is for the day it is not.
 */
async function copyRows(sql: TestSql, statement: string, rows: string): Promise<void> {
  const query = sql.unsafe(statement);
  const inside = query as unknown as { reject: (error: Error) => void };
  const answer = inside.reject;
  let timer: NodeJS.Timeout | undefined;
  const refused = new Promise<never>((_resolve, reject) => {
    inside.reject = (error) => {
      answer(error);
      reject(error);
    };
    timer = setTimeout(() => reject(new Error(`COPY did not end within ${copyTimeout} ms`)), copyTimeout);
  });
  refused.catch(() => {});
  try {
    const stream = await query.writable();
    await Promise.race([pipeline(Readable.from([Buffer.from(rows)]), stream), refused]);
  } finally {
    clearTimeout(timer);
  }
}
