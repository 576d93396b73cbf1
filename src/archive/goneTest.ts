import { type GoneSegment, listRemaining } from "../db/goneChanges.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { type ArchivedChange, columnIndex } from "./change.ts";
import { isBefore } from "./timestamp.ts";

/** A test whether an archived change of the segment is one that the database no longer has. */
export async function makeGoneTest(
  audit: AuditDatabase,
  segment: GoneSegment,
): Promise<(change: ArchivedChange) => boolean> {
  if (!segment.isThere) return () => true;
  const remaining = await listRemaining(audit, segment);
  const until = new Map(segment.parts.map((part) => [String(part.relation), part.until]));
  return (change) => {
    const last = until.get(change[columnIndex.relation] ?? "");
    return (
      last !== undefined &&
      isBefore(change[columnIndex.at] ?? "", last) &&
      !remaining.has(change[columnIndex.id] ?? "")
    );
  };
}
