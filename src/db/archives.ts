import type { ArchiveIdentity } from "../archive/identity.ts";
import { withTransaction } from "../connection/connect.ts";
import type { AuditDatabase } from "./installation.ts";

/** A segment that lies in an archive, as the server knows it. */
export interface ArchiveEntry {
  readonly segment: number;
  readonly target: string;
  readonly manifestSha256: string;
  /** Whether all of it was read back and found to be right. */
  readonly verified: boolean;
}

/** What lies in which archive, by segment and target. */
export async function listArchiveEntries({ sql, object }: AuditDatabase): Promise<ArchiveEntry[]> {
  return sql<ArchiveEntry[]>`
    select
      archive.segment, archive.target, archive.manifest_sha256 as "manifestSha256",
      archive.verified_at is not null as verified
    from ${object("archive")} as archive
    order by archive.segment, archive.target`;
}

/** What is written down of a segment that was read back. */
export interface ArchivedCopy {
  readonly segment: number;
  readonly target: string;
  readonly manifestSha256: string;
  readonly changes: number;
  readonly bytes: number;
  readonly files: number;
}

/** Writes down that a segment lies in an archive and was read back; from then on prune may drop it. */
export async function recordArchived(audit: AuditDatabase, copy: ArchivedCopy): Promise<void> {
  await withTransaction(audit.sql, {}, async (sql) => {
    await sql`
      insert into ${audit.object("archive")} (segment, target, manifest_sha256, changes, bytes, files, verified_at)
      values (
        ${copy.segment}, ${copy.target}, ${copy.manifestSha256}, ${copy.changes}, ${copy.bytes}, ${copy.files},
        clock_timestamp()
      )
      on conflict (segment, target) do update set
        manifest_sha256 = excluded.manifest_sha256, changes = excluded.changes, bytes = excluded.bytes,
        files = excluded.files, archived_at = excluded.archived_at, verified_at = excluded.verified_at`;
    const plan = {
      segment: copy.segment,
      target: copy.target,
      changes: String(copy.changes),
      bytes: copy.bytes,
    };
    await sql`
      insert into ${audit.object("operation")} (kind, plan)
      values ('archive', ${JSON.stringify(plan)}::text::jsonb)`;
  });
}

/** Notes that segments were read back once more and found to be as written. */
export async function noteVerified(
  { sql, object }: AuditDatabase,
  target: string,
  segments: readonly number[],
): Promise<void> {
  await sql`
    update ${object("archive")} as archive
    set verified_at = clock_timestamp()
    where archive.target = ${target} and archive.segment = any (${[...segments]}::integer[])`;
}

/** Takes back that segments were found to be right: prune no longer rests on those copies. */
export async function noteDamaged(
  { sql, object }: AuditDatabase,
  target: string,
  segments: readonly number[],
): Promise<void> {
  await sql`
    update ${object("archive")} as archive
    set verified_at = null
    where archive.target = ${target} and archive.segment = any (${[...segments]}::integer[])`;
}

/** Whose changes an archive of this installation holds. */
export async function readIdentityOf(audit: AuditDatabase, createdAt: string): Promise<ArchiveIdentity> {
  const { sql, object, installation } = audit;
  const eras = await sql<{ id: string }[]>`
    select installation.system_identifier::text as id
    from ${object("installation")} as installation
    group by installation.system_identifier
    order by min(installation.era)`;
  return {
    version: 1,
    installation: {
      database: audit.database,
      schema: installation.schema,
      systemIdentifiers: eras.map(({ id }) => id),
    },
    createdAt,
  };
}
