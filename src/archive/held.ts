import type { GoneSegment } from "../db/goneChanges.ts";
import { listSystemIdentifiers } from "../db/goneChanges.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";
import { ArchiveDamaged } from "./failure.ts";
import { readIdentity } from "./identity.ts";
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
  await requireOwn(audit, target);
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

async function requireOwn(audit: AuditDatabase, target: Target): Promise<void> {
  const identity = await readIdentity(target);
  if (identity === undefined)
    throw new UserError(ExitCode.Surroundings, `There is no archive in ${target.text}.`, {
      hint: "Check the place; audit archive list names those that are known.",
    });
  const { database, schema, systemIdentifiers } = identity.installation;
  const own = await listSystemIdentifiers(audit);
  if (!systemIdentifiers.some((identifier) => own.includes(identifier)))
    throw refusal(
      `${target.text} holds the archive of another installation: schema ${schema} of database ${database}, server ${systemIdentifiers.join(", ")}.`,
      "Check the place; audit archive list names the archives of this one.",
    );
}
