import { readIdentityOf } from "../db/archives.ts";
import type { GoneSegment } from "../db/goneChanges.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { ExitCode, UserError } from "../errors.ts";
import { ArchiveDamaged } from "./failure.ts";
import { readIdentity, requireOwn } from "./identity.ts";
import { type Manifest, readManifests } from "./manifest.ts";
import { manifestPath } from "./paths.ts";
import type { Target } from "./target.ts";

/**
 * The manifests of those of the segments that the target holds, each the very one that was recorded when the segment was
 * archived. Exit 4 where there is no archive, or a manifest is another; 5 where the archive is another installation's.
 */
export async function findHeld(
  audit: AuditDatabase,
  target: Target,
  segments: readonly Pick<GoneSegment, "id" | "archives">[],
): Promise<Map<number, Manifest>> {
  const identity = await readIdentity(target);
  if (identity === undefined)
    throw new UserError(ExitCode.Surroundings, `There is no archive in ${target.text}.`, {
      hint: "Check the place, and whether anything has been archived there: audit archive list <target>",
    });
  requireOwn(target, identity, await readIdentityOf(audit, identity.createdAt));
  const found = new Map((await readManifests(target)).map((held) => [held.manifest.segment.id, held]));
  const manifests = new Map<number, Manifest>();
  for (const { id, archives } of segments) {
    const held = found.get(id);
    if (held === undefined) continue;
    if (!archives.some(({ manifest }) => manifest === held.sha256))
      throw new ArchiveDamaged(
        manifestPath(id),
        "is not the one that was recorded when the segment was archived",
      );
    manifests.set(id, held.manifest);
  }
  return manifests;
}
