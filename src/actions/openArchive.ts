import { claimTarget } from "../archive/identity.ts";
import { removeLeftovers } from "../archive/leftovers.ts";
import { readManifests } from "../archive/manifest.ts";
import { openTarget } from "../archive/target.ts";
import type { ArchiveFormOptions } from "../commands/archiveOptions.ts";
import { listArchiveEntries, readIdentityOf } from "../db/archives.ts";
import type { AuditDatabase } from "../db/installation.ts";
import type { Io } from "../io.ts";
import type { ArchiveRun } from "./archiveSegment.ts";

/**
 * Opens a target for writing: it becomes, or is, the archive of this installation (exit 5 where it is another's); what a
 * run that was cut off left half written goes. To be called under the lock of runs, or another run's work would go.
 */
export async function openArchive(
  audit: AuditDatabase,
  text: string,
  { format, compression }: ArchiveFormOptions,
  io: Io,
): Promise<ArchiveRun> {
  const target = openTarget(text, io.env);
  await claimTarget(target, await readIdentityOf(audit, io.now().toISOString()));
  const found = await readManifests(target);
  await removeLeftovers(
    target,
    found.map(({ manifest }) => manifest),
  );
  const newest = found.flatMap(({ manifest }) => manifest.files).at(-1);
  const chosen = format ?? newest?.format ?? "parquet";
  return {
    target,
    format: chosen,
    compression: compression ?? compressionOf(newest?.format === chosen ? newest.compression : undefined),
    manifests: new Map(found.map((one) => [one.manifest.segment.id, one])),
    entries: await listArchiveEntries(audit),
  };
}

function compressionOf(text: string | undefined): ArchiveRun["compression"] {
  return text === "zstd" || text === "none" ? text : "gzip";
}
