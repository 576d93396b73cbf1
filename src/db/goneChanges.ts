import { quoteIdentifier } from "../core/name.ts";
import { refusal } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

/** Changes of one table that left a segment for an archive. */
export interface GonePart {
  readonly relation: number;
  /** The newest of them, as PostgreSQL prints it in UTC. */
  readonly until: string;
}

/** A segment of which changes went into archives. */
export interface GoneSegment {
  readonly id: number;
  readonly retention: string;
  /** Where its archived changes begin and end, as ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** archived: all of it is gone. closed: a part is. dropping: it is on its way out. */
  readonly state: "archived" | "closed" | "dropping";
  /** Whether the rest of it can still be read in the database. */
  readonly isThere: boolean;
  readonly parts: readonly GonePart[];
  /** Where it was archived: by what name, and the SHA-256 of its manifest. */
  readonly archives: readonly { readonly target: string; readonly manifest: string }[];
}

/** Refuses (exit 5) where the installation is of a version that knew no archives. */
export async function requireArchives({ sql, installation }: AuditDatabase): Promise<void> {
  const [found] = await sql<{ known: boolean }[]>`
    select to_regclass(format('%I.archive', ${installation.schema}::text)) is not null as known`;
  if (found?.known) return;
  throw refusal(
    `The installation in schema ${quoteIdentifier(installation.schema)} is of version ${installation.version}, which knew no archives.`,
    "Upgrade it with: audit init",
  );
}

interface GoneRow extends Omit<GoneSegment, "parts" | "archives"> {
  readonly parts: string;
  readonly archives: string;
}

/** The segments of which something went into archives, the oldest first. */
export async function listGoneSegments(audit: AuditDatabase): Promise<GoneSegment[]> {
  const { sql, object, installation } = audit;
  // Locks the log against being taken apart while it is read: what is there now stays to the end.
  await sql`select from ${object("change")} limit 0`;
  const rows = await sql<GoneRow[]>`
    select
      segment.id, segment.state, retention.name as retention,
      (
        select to_char(min(least(gone.first_at, gone.gone_at)), ${ISO})
        from ${object("segment_relation")} as gone where gone.segment = segment.id
      ) as "firstAt",
      (
        select to_char(max(gone.gone_at), ${ISO})
        from ${object("segment_relation")} as gone where gone.segment = segment.id
      ) as "lastAt",
      exists (
        select from pg_inherits as inherits
        join pg_class as class on class.oid = inherits.inhrelid
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where namespace.nspname = ${installation.schema} and class.relname = 'change_' || segment.id
          and not inherits.inhdetachpending
      ) as "isThere",
      (
        select json_agg(json_build_object(
          'relation', gone.relation,
          'until', (gone.gone_at at time zone 'UTC')::text || '+00') order by gone.relation)
        from ${object("segment_relation")} as gone
        where gone.segment = segment.id and gone.gone_at is not null
      )::text as parts,
      (
        select coalesce(json_agg(json_build_object('target', archive.target, 'manifest', archive.manifest_sha256) order by archive.target), '[]')
        from ${object("archive")} as archive
        where archive.segment = segment.id
      )::text as archives
    from ${object("segment")} as segment
    join ${object("retention")} as retention on retention.id = segment.retention
    where exists (
      select from ${object("segment_relation")} as gone
      where gone.segment = segment.id and gone.gone_at is not null
    )
    order by segment.id`;
  return rows.map(({ parts, archives, ...segment }) => ({
    ...segment,
    parts: JSON.parse(parts) as GonePart[],
    archives: JSON.parse(archives) as { target: string; manifest: string }[],
  }));
}

/** The ids of changes that a segment still holds though they are no newer than what went from it. */
export async function listRemaining(audit: AuditDatabase, segment: GoneSegment): Promise<Set<string>> {
  const { sql, object } = audit;
  if (!segment.isThere) return new Set();
  const rows = await sql<{ id: string }[]>`
    select change.id::text as id
    from ${object("change")} as change
    join ${object("segment_relation")} as gone
      on gone.segment = change.segment and gone.relation = change.relation and change.at <= gone.gone_at
    where change.segment = ${segment.id}`;
  return new Set(rows.map(({ id }) => id));
}
