import { describe, expect, it } from "vitest";
import { withDatabase, withTransaction } from "../../src/connection/connect.ts";
import { preferZone } from "../../src/db/zone.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();

const zoneAfter = (zone: string) =>
  withDatabase({ databaseUrl: database.url }, fakeIo(), async (connection) => {
    const inside = await withTransaction(connection.sql, { readOnly: true }, async (sql) => {
      await preferZone(sql, zone);
      return show(sql);
    });
    return { inside, outside: await show(connection.sql) };
  });

async function show(sql: Parameters<typeof preferZone>[0]) {
  const [row] = await sql<{ zone: string }[]>`select current_setting('TimeZone') as zone`;
  return row?.zone;
}

describe("preferZone", () => {
  it.each([
    ["sets a zone by name", "Europe/Berlin", "Europe/Berlin"],
    ["minds no case", "europe/berlin", "Europe/Berlin"],
    ["sets a zone in POSIX's own form", "CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"],
    ["passes over one that the server does not know", "Moon/Tranquility", "UTC"],
    ["passes over what is no name at all", "'; drop table users; $$ \\ --", "UTC"],
    ["passes over nothing", "", "UTC"],
  ])("%s", async (_, zone, expected) => {
    const { inside, outside } = await zoneAfter(zone);
    expect(inside?.toLowerCase()).toBe(expected.toLowerCase());
    expect(outside).toBe("UTC");
  });
});
