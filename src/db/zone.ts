import type { Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { literal } from "./literal.ts";
import { unknownZone } from "./when.ts";

/** Sets the time zone to the end of the transaction (outside of one: only looks at it). Exit 2 where the server does not know it. */
export async function requireZone(sql: Sql, zone: string): Promise<void> {
  try {
    await sql`select set_config('TimeZone', ${zone}, true)`;
  } catch (error) {
    throw sqlStateOf(error) === "22023" ? unknownZone(zone) : error;
  }
}

/**
 * Sets the time zone to the end of the transaction, unless the server does not know it: then nothing happens. The server is
 * not asked for pg_timezone_names, for which it would read every zone there is (30 ms and more).
 */
export async function preferZone(sql: Sql, zone: string): Promise<void> {
  const body = `
    begin
      perform pg_catalog.set_config('TimeZone', ${literal(zone)}, true);
    exception when invalid_parameter_value then
      null;
    end`;
  await sql.unsafe(`do ${literal(body)}`);
}
