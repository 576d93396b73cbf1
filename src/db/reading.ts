import type { ArchiveReadingOptions, ConnectionOptions, ZoneOptions } from "../commands/options.ts";
import { withRollback, withTransaction } from "../connection/connect.ts";
import { resolveZone } from "../core/zone.ts";
import type { Io } from "../io.ts";
import { type AuditDatabase, withAudit } from "./installation.ts";
import { preferZone, requireZone } from "./zone.ts";

/**
 * Opens the installation for one answer: everything is read from one snapshot, nothing can be written, and
 * instants are printed in the zone asked for. With an archive the work says what it needs of it (`audit.need`).
 */
export async function withReading<T>(
  options: ConnectionOptions & ZoneOptions & ArchiveReadingOptions,
  io: Io,
  work: (audit: AuditDatabase, zone: string) => Promise<T>,
): Promise<T> {
  const zone = resolveZone(options.tz, io.env);
  return withAudit(options, io, (audit) => {
    const read = async (reading: AuditDatabase) => {
      // One that nobody asked for, and only this machine knows, is passed over.
      await (options.tz === undefined ? preferZone : requireZone)(reading.sql, zone);
      return work(reading, zone);
    };
    const { archive } = options;
    if (archive === undefined)
      return withTransaction(audit.sql, { readOnly: true, isolation: "repeatable read" }, (sql) =>
        read({ ...audit, sql }),
      );
    // What is read from an archive has to be put somewhere: into temporary tables that are gone with the transaction.
    return withRollback(audit.sql, { isolation: "repeatable read" }, async (sql) => {
      const { withArchived } = await import("../archive/coldReading.ts");
      return withArchived({ ...audit, sql }, archive, io, read);
    });
  });
}
