import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { connectTo } from "./client.ts";
import { startTestServer } from "./testServer.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's connection string for the maintenance database. */
    databaseUrl: string;
    /** 15 to 18. */
    postgresMajor: number;
    /** The database with our objects, made by the first test file that asks for a clone of it. */
    templateDatabase: string;
    /** How the names of this run's databases begin. */
    databasePrefix: string;
  }
}

/** Comment on a database that a failed test leaves behind. */
export const keptMark = "kept for a failed test";

/** One server for the run; afterwards it is gone, unless KEEP_FAILED kept a database on it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  const sql = connectTo(server.url, { max: 1 });
  const [row] = await sql<
    { version: number }[]
  >`select current_setting('server_version_num')::int as version`;
  await sql.end();
  const prefix = `pgtrail_${randomBytes(4).toString("hex")}`;
  project.provide("databaseUrl", server.url);
  project.provide("postgresMajor", Math.floor((row?.version ?? 0) / 10_000));
  project.provide("databasePrefix", prefix);
  project.provide("templateDatabase", `${prefix}_template`);

  return async () => {
    const kept = await dropDatabases(server.url, prefix);
    if (kept.length === 0) return server.stop();
    console.error(`Kept ${kept.join(", ")} on ${server.url}. ${server.leave()}`);
  };
}

/** Drops this run's databases but those kept for a failed test, whose names it returns. */
async function dropDatabases(url: string, prefix: string): Promise<string[]> {
  const sql = connectTo(url, { max: 1 });
  try {
    const databases = await sql<{ name: string; kept: boolean }[]>`
      select datname as name, coalesce(shobj_description(oid, 'pg_database') = ${keptMark}, false) as kept
      from pg_database
      where starts_with(datname, ${prefix})`;
    for (const { name, kept } of databases) {
      if (kept) continue;
      await sql.unsafe(`alter database "${name}" is_template false`);
      await sql.unsafe(`drop database "${name}" with (force)`);
    }
    return databases.filter((database) => database.kept).map((database) => database.name);
  } finally {
    await sql.end();
  }
}
