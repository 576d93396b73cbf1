import type { Sql } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { unknownZone } from "./when.ts";

/** Sets the time zone to the end of the transaction (outside of one: only looks at it). Exit 2 where the server does not know it. */
export async function requireZone(sql: Sql, zone: string): Promise<void> {
  try {
    await sql`select set_config('TimeZone', ${zone}, true)`;
  } catch (error) {
    throw sqlStateOf(error) === "22023" ? unknownZone(zone) : error;
  }
}
