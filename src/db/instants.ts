import type { ZoneOptions } from "../commands/options.ts";
import type { When } from "../core/when.ts";
import { resolveZone } from "../core/zone.ts";
import type { Io } from "../io.ts";
import { instantLine } from "../output/instant.ts";
import type { Instant } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import { resolveReference } from "./references.ts";
import { type ResolvedWhen, resolveWhen } from "./when.ts";

/** Resolves an instant, by the server's clock or by what the log knows, and says on stderr what it came to. */
export async function settleInstant(
  audit: AuditDatabase,
  when: When,
  options: ZoneOptions,
  io: Io,
  label = "",
): Promise<Instant> {
  const { notes, ...instant } = await resolve(audit, when, resolveZone(options.tz, io.env));
  for (const note of notes) io.err(`note: ${note}\n`);
  io.err(`${label}${instantLine(instant)}`);
  return instant;
}

async function resolve(audit: AuditDatabase, when: When, zone: string): Promise<ResolvedWhen> {
  if (when.kind === "tag" || when.kind === "tx" || when.kind === "change")
    return withPrecision(audit, await resolveReference(audit, when, zone));
  return withPrecision(audit, await resolveWhen(audit.sql, when, zone));
}

/** A time is exact to the commit only where the server keeps the times of commits; see _undone. */
async function withPrecision({ sql, object }: AuditDatabase, resolved: ResolvedWhen): Promise<ResolvedWhen> {
  if (resolved.tag !== undefined) return resolved;
  const [kept] = await sql<
    { kept: boolean }[]
  >`select current_setting('track_commit_timestamp')::boolean as kept`;
  if (!kept?.kept) return resolved;
  const [undone] = await sql<{ exactly: boolean }[]>`
    select exactly from ${object("_undone")}(${resolved.at}::text::timestamptz, null)`;
  return { ...resolved, precision: undone?.exactly ? "exact" : "approx" };
}
