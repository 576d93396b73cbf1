import { describe, expect, inject, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase();
const other = useDatabase();

describe("useDatabase", () => {
  it("gives an empty database of the server under test", async () => {
    const [row] = await database.sql`
      select
        current_database()::text as name,
        current_setting('server_version_num')::int / 10000 as major,
        (select count(*)::int from pg_class where relnamespace = 'public'::regnamespace) as relations`;
    expect(row).toEqual({ name: database.name, major: inject("postgresMajor"), relations: 0 });
  });

  it("gives another one to each call", async () => {
    await database.sql`create table here (id int)`;
    const [row] = await other.sql`select to_regclass('public.here')::text as here`;
    expect(row).toEqual({ here: null });
  });

  it("leaves JSON and times as the server writes them, also as parameters", async () => {
    const [row] = await database.sql`
      select
        '{"n": 1.0}'::jsonb as jsonb,
        ${'{"a": 12345678901234567890}'}::json as json,
        '2026-01-02 03:04:05.123456+00'::timestamptz at time zone 'UTC' as at,
        ${"infinity"}::date as day`;
    expect(row).toEqual({
      jsonb: '{"n": 1.0}',
      json: '{"a": 12345678901234567890}',
      at: "2026-01-02 03:04:05.123456",
      day: "infinity",
    });
  });
});
