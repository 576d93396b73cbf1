import { quoteIdentifier } from "../core/name.ts";
import { escapeControls } from "../core/safe.ts";
import { didYouMean } from "../core/suggest.ts";
import { usageError } from "../errors.ts";
import { operation } from "./capture.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";
import { literal } from "./literal.ts";

/** A named instant. */
export interface Tag {
  readonly name: string;
  /** ISO 8601 with microseconds, in the session's zone. */
  readonly at: string;
  /** The session user who named it. */
  readonly dbUser: string;
  readonly note: string | null;
  /** Its number of the change sequence: every change that belongs to it has a smaller one. bigint as text. */
  readonly id: string;
  /** PostgreSQL's text of the snapshot. */
  readonly snapshot: string;
}

/** All tags, newest first. */
export async function listTags({ sql, object }: AuditDatabase): Promise<Tag[]> {
  return sql<Tag[]>`
    select
      tag.name, to_char(tag.at, ${ISO}) as at,
      tag.db_user as "dbUser", tag.note, tag.id::text as id, tag.snapshot::text as snapshot
    from ${object("tag")} as tag
    order by tag.id desc`;
}

/** The tag of a name; exit 2 where there is none. */
export async function findTag(audit: AuditDatabase, name: string): Promise<Tag> {
  const tags = await listTags(audit);
  const found = tags.find((tag) => tag.name === name);
  if (found) return found;
  const meant = didYouMean(
    name,
    tags.map((tag) => tag.name),
  );
  throw usageError(
    `There is no tag "${escapeControls(name)}".${meant && ` ${meant}`}`,
    "See them with: audit tags",
  );
}

/** The statements that name the present instant, in this order: the tag is set before the transaction writes anything else. */
export function tagStatements(auditSchema: string, name: string, note: string | null): string[] {
  const schema = quoteIdentifier(auditSchema);
  return [
    `select ${schema}.tag(${literal(name)}, ${literal(note)});`,
    operation(schema, "tag", null, { name, note }),
  ];
}

/** The statements that forget a tag. */
export function untagStatements(auditSchema: string, { name, at, id, snapshot }: Tag): string[] {
  const schema = quoteIdentifier(auditSchema);
  return [
    `delete from ${schema}.tag where name = ${literal(name)};`,
    operation(schema, "untag", null, { name, at, id, snapshot }),
  ];
}
