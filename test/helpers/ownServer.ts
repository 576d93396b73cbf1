import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { connectTo, urlOfDatabase } from "./client.ts";
import { type ServerSettings, startTestServer, type TestServer } from "./testServer.ts";
import { opensLater, type TestDatabase } from "./useDatabase.ts";

/** A server of the test file's own: for what transactions in any database of a server can hold up. */
export interface OwnServer {
  /** A database on it for the tests of the group, with our objects. */
  readonly useDatabase: () => TestDatabase;
}

/**
 * Starts a server for the test file, on which nothing runs but what the tests do: autovacuum is off. `settings` are for
 * its start; a server that runs already keeps its own.
 */
export function useOwnServer(settings: ServerSettings = {}): OwnServer {
  let server: TestServer | undefined;
  const url = () => server?.url ?? "";

  beforeAll(async () => {
    server = await startTestServer(process.env, settings);
    await onServer("alter system set autovacuum = off");
    await onServer("select pg_reload_conf()");
  });

  afterAll(async () => {
    await onServer("alter system reset autovacuum");
    await server?.stop();
  });

  async function onServer(statement: string): Promise<void> {
    const sql = connectTo(url(), { max: 1 });
    await sql.unsafe(statement);
    await sql.end();
  }

  return {
    useDatabase: () => {
      let open: TestDatabase | undefined;
      beforeAll(async () => {
        const name = `own_${randomBytes(4).toString("hex")}`;
        await onServer(`create database ${name} template template0`);
        const { installInto } = await import("./install.ts");
        await installInto(urlOfDatabase(url(), name));
        open = { name, url: urlOfDatabase(url(), name), sql: connectTo(urlOfDatabase(url(), name)) };
      });
      afterAll(async () => {
        await open?.sql.end({ timeout: 5 });
        if (open) await onServer(`drop database ${open.name} with (force)`);
      });
      return opensLater(() => open);
    },
  };
}
