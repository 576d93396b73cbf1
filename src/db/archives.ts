import type { ArchiveIdentity } from "../archive/identity.ts";
import { withTransaction } from "../connection/connect.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

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

/**
 * Notes which segments were read back once more and found to be as written, and which were not: prune no longer rests on
 * those. Does nothing for a role that may only read.
 */
export async function noteInspected(
  { sql, object, installation }: AuditDatabase,
  target: string,
  sound: readonly number[],
  damaged: readonly number[],
): Promise<void> {
  const [right] = await sql<{ may: boolean }[]>`
    select has_table_privilege(format('%I.archive', ${installation.schema}::text), 'update')
      and current_setting('transaction_read_only') = 'off' as may`;
  if (!right?.may) return;
  await sql`
    update ${object("archive")} as archive
    set verified_at = case when archive.segment = any (${[...sound]}::integer[]) then clock_timestamp() end
    where archive.target = ${target} and archive.segment = any (${[...sound, ...damaged]}::integer[])`;
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

/** A segment that never changes any more and holds something. */
export interface ClosedSegment {
  readonly id: number;
  readonly retention: string;
  readonly changes: number;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** The archives in which it lies and was read back. */
  readonly archivedIn: readonly string[];
  /** Whether a part of it is gone, and lies in archives alone. */
  readonly partial: boolean;
}

/** The closed segments with changes in them, oldest first. */
export async function listClosedSegments({ sql, object }: AuditDatabase): Promise<ClosedSegment[]> {
  return sql<ClosedSegment[]>`
    select
      segment.id, retention.name as retention, segment.changes::float8 as changes,
      to_char(segment.first_at, ${ISO}) as "firstAt", to_char(segment.last_at, ${ISO}) as "lastAt",
      array(
        select archive.target
        from ${object("archive")} as archive
        where archive.segment = segment.id and archive.verified_at is not null
        order by archive.target
      ) as "archivedIn",
      exists (
        select from ${object("segment_relation")} as held
        where held.segment = segment.id and held.gone_at is not null
      ) as partial
    from ${object("segment")} as segment
    join ${object("retention")} as retention on retention.id = segment.retention
    where segment.state = 'closed' and segment.changes > 0
    order by segment.first_at, segment.id`;
}
