import type { ConnectionOptions, ZoneOptions } from "../commands/options.ts";
import { withTransaction } from "../connection/connect.ts";
import { resolveZone } from "../core/zone.ts";
import type { Io } from "../io.ts";
import { type AuditDatabase, withAudit } from "./installation.ts";
import { preferZone, requireZone } from "./zone.ts";

/**
 * Opens the installation for one answer: everything is read from one snapshot, nothing can be written, and
 * instants are printed in the zone asked for.
 */
export async function withReading<T>(
  options: ConnectionOptions & ZoneOptions,
  io: Io,
  work: (audit: AuditDatabase, zone: string) => Promise<T>,
): Promise<T> {
  const zone = resolveZone(options.tz, io.env);
  return withAudit(options, io, (audit) =>
    withTransaction(audit.sql, { readOnly: true, isolation: "repeatable read" }, async (sql) => {
      // One that nobody asked for, and only this machine knows, is passed over.
      await (options.tz === undefined ? preferZone : requireZone)(sql, zone);
      return work({ ...audit, sql }, zone);
    }),
  );
}
