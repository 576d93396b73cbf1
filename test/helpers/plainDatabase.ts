import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, inject } from "vitest";
import { connectTo, type TestSql, urlOfDatabase } from "./client.ts";
import { installInto } from "./install.ts";
import { opensLater, type TestDatabase } from "./useDatabase.ts";

/**
 * A database with our objects that belongs to a role with no rights of its own, as on many managed services: no event
 * triggers, no audit roles. Its sessions are that role's. Dropped afterwards, role and all.
 */
export function usePlainDatabase(): TestDatabase {
  let open: TestDatabase | undefined;
  const name = () => `${inject("databasePrefix")}_plain_${suffix}`;
  const suffix = randomBytes(4).toString("hex");

  beforeAll(async () => {
    const role = name();
    await asSuperuser(
      `create role "${role}" login password 'x'`,
      `create database "${role}" owner "${role}" template template0 encoding 'UTF8' locale_provider libc locale 'C'`,
    );
    const url = new URL(urlOfDatabase(inject("databaseUrl"), role));
    url.username = role;
    url.password = "x";
    await installInto(url.href);
    open = { name: role, url: url.href, sql: connectTo(url.href) };
  });

  afterAll(async () => {
    await open?.sql.end({ timeout: 5 });
    await asSuperuser(`drop database if exists "${name()}" with (force)`, `drop role if exists "${name()}"`);
  });

  return opensLater(() => open);
}

async function asSuperuser(...statements: readonly string[]): Promise<void> {
  const sql: TestSql = connectTo(inject("databaseUrl"), { max: 1 });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
