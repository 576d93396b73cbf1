import { readIdentity, requireOwn } from "../archive/identity.ts";
import {
  type ArchiveFinding,
  type InspectedManifest,
  inspectFiles,
  inspectManifests,
} from "../archive/inspect.ts";
import { identityPath, manifestPath } from "../archive/paths.ts";
import { openTarget, type Target } from "../archive/target.ts";
import type { ArchiveVerifyOptions } from "../commands/archive.ts";
import { type ArchiveEntry, listArchiveEntries, noteInspected, readIdentityOf } from "../db/archives.ts";
import { withAudit } from "../db/installation.ts";
import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { archiveFindingsJson, archiveFindingsText, type VerifiedArchive } from "../output/archiveFindings.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";

/**
 * Reads an archive back, every byte of it, and holds it against its manifests, and those against what the database knows.
 * Exit 1 where anything is not as it was written. What is damaged, prune no longer takes for archived.
 */
export async function runArchiveVerify(options: ArchiveVerifyOptions, io: Io): Promise<void> {
  const target = openTarget(options.target, io.env);
  const verified = options.offline
    ? await verifyAlone(target, io)
    : await withAudit(options, io, async (audit) => {
        const identity = await readIdentity(target);
        if (identity) requireOwn(target, identity, await readIdentityOf(audit, identity.createdAt));
        const entries = (await listArchiveEntries(audit)).filter((entry) => entry.target === target.text);
        const result = await verify(target, entries, io);
        await noteInspected(audit, target.text, result.sound, result.damaged);
        if (!identity && entries.length > 0)
          result.findings.unshift({
            segment: null,
            path: identityPath,
            message: `${identityPath} is missing.`,
          });
        return result;
      });
  if (options.json) await io.out(archiveFindingsJson(verified));
  else await io.out(await archiveFindingsText(verified, lookOf(io)));
  if (verified.findings.length > 0) throw new SilentExit(ExitCode.No);
}

async function verifyAlone(target: Target, io: Io): Promise<VerifiedArchive> {
  const result = await verify(target, undefined, io);
  io.err("Looked at the archive alone: a segment that is missing as a whole cannot be noticed so.\n");
  return result;
}

interface Verified extends VerifiedArchive {
  readonly findings: ArchiveFinding[];
  readonly sound: number[];
  readonly damaged: number[];
}

/** `entries`: what the database knows to lie there; undefined where it is not asked. */
async function verify(
  target: Target,
  entries: readonly ArchiveEntry[] | undefined,
  io: Io,
): Promise<Verified> {
  const manifests = await inspectManifests(target);
  const total = manifests.reduce(
    (sum, one) => sum + ("manifest" in one ? one.manifest.segment.changes : 0),
    0,
  );
  const progress = createProgress(io, "verifying");
  const findings: ArchiveFinding[] = [];
  const sound: number[] = [];
  const damaged: number[] = [];
  let [files, changes] = [0, 0];
  for (const one of manifests) {
    const found = await verifyOne(target, one, entries, (count) => {
      files++;
      changes += count;
      progress.step(changes, total, one.path);
    });
    findings.push(...found);
    const id = "manifest" in one ? one.manifest.segment.id : found[0]?.segment;
    if (typeof id === "number") (found.length > 0 ? damaged : sound).push(id);
  }
  progress.end();
  const there = new Set(manifests.map(({ path }) => path));
  for (const { segment } of entries ?? []) {
    const path = manifestPath(segment);
    if (there.has(path)) continue;
    damaged.push(segment);
    findings.push({
      segment,
      path,
      message: `${path} is missing: the database knows of segment ${segment} there.`,
    });
  }
  return { target: target.text, segments: manifests.length, files, changes, findings, sound, damaged };
}

async function verifyOne(
  target: Target,
  one: InspectedManifest,
  entries: readonly ArchiveEntry[] | undefined,
  onFile: (changes: number) => void,
): Promise<ArchiveFinding[]> {
  if ("finding" in one) {
    const entry = entries?.find(({ segment }) => manifestPath(segment) === one.path);
    return [{ segment: entry?.segment ?? null, path: one.path, message: one.finding }];
  }
  const { path, manifest, sha256 } = one;
  const { id } = manifest.segment;
  const entry = entries?.find(({ segment }) => segment === id);
  const findings: ArchiveFinding[] =
    entry && entry.manifestSha256 !== sha256
      ? [
          {
            segment: id,
            path,
            message: `${path} has SHA-256 ${sha256}; the database knows ${entry.manifestSha256}.`,
          },
        ]
      : [];
  return [...findings, ...(await inspectFiles(target, manifest, onFile))];
}
