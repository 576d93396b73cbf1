import type { ZoneOptions } from "../commands/options.ts";
import type { Sql } from "../connection/connect.ts";
import type { When } from "../core/when.ts";
import { resolveZone } from "../core/zone.ts";
import type { Io } from "../io.ts";
import { instantLine } from "../output/instant.ts";
import type { Instant } from "../types.ts";
import { resolveWhen } from "./when.ts";

/** Resolves an instant by the server's clock, and says on stderr what it came to. */
export async function settleInstant(
  sql: Sql,
  when: When,
  options: ZoneOptions,
  io: Io,
  label = "",
): Promise<Instant> {
  const { notes, ...instant } = await resolveWhen(sql, when, resolveZone(options.tz, io.env));
  for (const note of notes) io.err(`note: ${note}\n`);
  io.err(`${label}${instantLine(instant)}`);
  return instant;
}
