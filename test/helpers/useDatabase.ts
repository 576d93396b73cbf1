import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, inject } from "vitest";
import { connectTo, type TestSql, urlOfDatabase } from "./client.ts";
import { keptMark } from "./globalSetup.ts";

/** A database of the test file's own. Its members can be read once the tests run, not while they are declared. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** A superuser's connections. */
  readonly sql: TestSql;
}

/**
 * Gives the test file a database of its own, empty or (`installed`) with our objects, and drops it afterwards.
 * With KEEP_FAILED set it stays when a test failed. Roles belong to the whole server: tests that make some choose
 * names of their own and drop them.
 */
export function useDatabase(options: { installed?: boolean } = {}): TestDatabase {
  let open: TestDatabase | undefined;
  let failed = false;

  beforeAll(async () => {
    const name = `${inject("databasePrefix")}_${randomBytes(4).toString("hex")}`;
    if (options.installed) await makeTemplate();
    await withMaintenance((sql) =>
      options.installed ? clone(sql, name, inject("templateDatabase")) : createEmpty(sql, name),
    );
    const url = urlOfDatabase(inject("databaseUrl"), name);
    open = { name, url, sql: connectTo(url) };
  });

  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      failed = true;
    });
  });

  afterAll(async () => {
    if (!open) return;
    const { name, url, sql } = open;
    await sql.end({ timeout: 5 });
    const keep = failed && Boolean(process.env.KEEP_FAILED);
    if (keep) console.error(`The database of the failed test is kept: ${url}`);
    await withMaintenance((maintenance) =>
      maintenance.unsafe(
        keep
          ? `comment on database "${name}" is '${keptMark}'`
          : `drop database if exists "${name}" with (force)`,
      ),
    );
  });

  return opensLater(() => open);
}

/** The database by a name that can be given out before a hook opens it. */
export function opensLater(current: () => TestDatabase | undefined): TestDatabase {
  const opened = () => {
    const open = current();
    if (!open) throw new Error("The test database opens with the first test: read it inside a test or hook.");
    return open;
  };
  return {
    get url() {
      return opened().url;
    },
    get name() {
      return opened().name;
    },
    get sql() {
      return opened().sql;
    },
  };
}

/** template0 and a fixed locale, so that a server that was there before gives the same databases as a fresh one. */
async function createEmpty(sql: TestSql, name: string): Promise<void> {
  await sql.unsafe(
    `create database "${name}" template template0 encoding 'UTF8' locale_provider libc locale 'C'`,
  );
}

async function clone(sql: TestSql, name: string, template: string): Promise<void> {
  await sql.unsafe(`create database "${name}" template "${template}"`);
}

/** Made once per run, by whoever comes first; the others wait at the lock. */
async function makeTemplate(): Promise<void> {
  const template = inject("templateDatabase");
  await withMaintenance(async (sql) => {
    await sql`select pg_advisory_lock(hashtextextended(${template}, 0))`;
    const [found] = await sql`select from pg_database where datname = ${template} and datistemplate`;
    if (found) return;
    await createEmpty(sql, template);
    try {
      // Loaded here, so that tests of empty databases do not stand or fall with the product's init.
      const { installInto } = await import("./install.ts");
      await installInto(urlOfDatabase(inject("databaseUrl"), template));
      // Nobody may connect to it by mistake: CREATE DATABASE refuses a template in use.
      await sql.unsafe(`alter database "${template}" is_template true allow_connections false`);
    } catch (error) {
      await sql.unsafe(`drop database "${template}" with (force)`);
      throw error;
    }
  });
}

async function withMaintenance<T>(work: (sql: TestSql) => Promise<T>): Promise<T> {
  const sql = connectTo(inject("databaseUrl"), { max: 1 });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
