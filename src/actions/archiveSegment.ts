import { checkFile } from "../archive/checkFile.ts";
import type { Compression } from "../archive/compression.ts";
import {
  type ArchivedFile,
  type ArchivedSegment,
  type ArchiveFormat,
  type Manifest,
  publishManifest,
  readManifest,
} from "../archive/manifest.ts";
import { manifestPath } from "../archive/paths.ts";
import type { Target } from "../archive/target.ts";
import { microsecondsOf } from "../archive/timestamp.ts";
import { writeSegment } from "../archive/writeSegment.ts";
import { withTransaction } from "../connection/connect.ts";
import { type ArchivedCopy, type ArchiveEntry, listArchiveEntries, recordArchived } from "../db/archives.ts";
import { copySegment } from "../db/copySegment.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { readSegmentRecord, type SegmentRecord } from "../db/segmentRecord.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";
import { countOf } from "../output/duration.ts";
import { version } from "../version.ts";

/** A manifest as it was found in the archive. */
export interface FoundManifest {
  readonly manifest: Manifest;
  readonly sha256: string;
}

/** Where and how segments are archived, and what is known of the archive. */
export interface ArchiveRun {
  readonly target: Target;
  readonly format: ArchiveFormat;
  readonly compression: Compression;
  /** The manifests that are there, by segment. */
  readonly manifests: ReadonlyMap<number, FoundManifest>;
  /** What the server knows of archives. */
  readonly entries: readonly ArchiveEntry[];
}

/** What became of a segment, in numbers of its archive. */
export interface ArchivedResult extends ArchivedCopy {
  /** Whether its files were there already, of a run that was cut off: then they were only read back. */
  readonly found: boolean;
}

/**
 * Archives one closed segment: its data files, its manifest last, then every byte is read back, then the server is told.
 * Interrupted anywhere, the next run comes to the same end: without a manifest the files are written anew, with one they
 * are read back. Where anything is not as it was written: exit 4, and the server is told nothing.
 */
export async function archiveSegment(
  audit: AuditDatabase,
  run: ArchiveRun,
  segment: number,
  onChanges: (count: number) => void,
): Promise<ArchivedResult> {
  const record = await readSegmentRecord(audit, segment);
  const there = run.manifests.get(segment);
  if (there) {
    requireSame(there, record, run);
    if ((await findingsOf(run.target, there.manifest, onChanges)).length === 0)
      return { ...(await told(audit, run.target, there)), found: true };
  }
  const manifest = await write(audit, run, record, onChanges);
  const { sha256 } = await publishManifest(run.target, manifest);
  const findings = await findingsOf(run.target, manifest, onChanges);
  if (findings.length > 0)
    throw new UserError(
      ExitCode.Surroundings,
      `Segment ${segment} was written to ${run.target.text} and is not the same when it is read back: ${findings.join(" ")}`,
      {
        hint: "Nothing of it was removed from the database. Look at the storage behind the archive, then run this again.",
      },
    );
  return { ...(await told(audit, run.target, { manifest, sha256 })), found: false };
}

/**
 * Right before changes go: the segment's manifest lies in the archive, and is the one that was read back. Exit 4 where it
 * is not. Asks nothing where there is no archive, or nothing that could go.
 */
export async function requireArchived(
  audit: AuditDatabase,
  target: Target | undefined,
  segment: { readonly id: number; readonly changes: bigint | number },
): Promise<void> {
  if (!target || segment.changes <= 0) return;
  const entry = (await listArchiveEntries(audit)).find(
    (one) => one.segment === segment.id && one.target === target.text && one.verified,
  );
  const { sha256 } = await readManifest(target, manifestPath(segment.id));
  if (entry?.manifestSha256 === sha256) return;
  throw new UserError(
    ExitCode.Surroundings,
    `The manifest of segment ${segment.id} in ${target.text} is no longer the one that was written (SHA-256 ${sha256} instead of ${entry?.manifestSha256 ?? "none"}).`,
    { hint: "Nothing of that segment was removed. See what else is wrong: audit archive verify" },
  );
}

/** Writes the data files; what is in them must be all that the segment holds. */
async function write(
  audit: AuditDatabase,
  { target, format, compression }: ArchiveRun,
  { segment, relations }: SegmentRecord,
  onChanges: (count: number) => void,
): Promise<Manifest> {
  const tables = new Map(relations.map(({ id, schema, table }) => [id, { schema, table }]));
  const tableOf = (relation: number) => {
    const table = tables.get(relation);
    if (!table)
      throw new Error(`segment ${segment.id} holds changes of relation ${relation}, which nobody counted`);
    return table;
  };
  const files = await withTransaction(audit.sql, { readOnly: true }, (sql) =>
    writeSegment(
      target,
      copySegment({ ...audit, sql }, segment.id),
      { segmentId: segment.id, tableOf, format, compression },
      onChanges,
    ),
  );
  const held = heldBy(files);
  if (held.changes !== segment.changes || !isWithin(held, segment))
    throw refusal(
      `Segment ${segment.id} is not as it is written down: it holds ${spanOf(held)} instead of ${spanOf(segment)}.`,
      "It was not archived, and nothing of it was removed. audit check tells what is wrong.",
    );
  return { version: 1, tool: `pgtrail ${version}`, segment: { ...segment, ...held }, relations, files };
}

type Held = Pick<ArchivedSegment, "changes" | "firstId" | "lastId" | "firstAt" | "lastAt">;

/** What the files hold together. */
function heldBy(files: readonly ArchivedFile[]): Held {
  const ids = files.flatMap(({ firstId, lastId }) => [firstId, lastId]);
  const instants = files.flatMap(({ firstAt, lastAt }) => [firstAt, lastAt]);
  const [firstId, lastId] = ends(ids, BigInt);
  const [firstAt, lastAt] = ends(instants, microsecondsOf);
  return {
    changes: files.reduce((total, file) => total + file.changes, 0),
    firstId,
    lastId,
    firstAt,
    lastAt,
  };
}

function ends(texts: readonly string[], numberOf: (text: string) => bigint): [string | null, string | null] {
  const sorted = [...texts].sort((one, other) => (numberOf(one) < numberOf(other) ? -1 : 1));
  return [sorted[0] ?? null, sorted.at(-1) ?? null];
}

/** Narrower it may be: a prune that was cut off has counted what it removed, and not measured what is left. */
function isWithin(inner: Held, outer: Held): boolean {
  const among = (
    first: string | null,
    last: string | null,
    lower: string | null,
    upper: string | null,
    of: (text: string) => bigint,
  ) =>
    first !== null &&
    last !== null &&
    lower !== null &&
    upper !== null &&
    of(first) >= of(lower) &&
    of(last) <= of(upper);
  return (
    among(inner.firstId, inner.lastId, outer.firstId, outer.lastId, BigInt) &&
    among(inner.firstAt, inner.lastAt, outer.firstAt, outer.lastAt, microsecondsOf)
  );
}

function spanOf({ changes, firstId, lastId, firstAt, lastAt }: Held): string {
  return `${countOf(changes, "change")}, numbered ${firstId} to ${lastId}, of ${firstAt} to ${lastAt}`;
}

/** What is in the way of trusting the copy; reading all of it back. */
async function findingsOf(
  target: Target,
  { files }: Manifest,
  onChanges: (count: number) => void,
): Promise<string[]> {
  const findings: string[] = [];
  for (const file of files) {
    findings.push(...(await checkFile(target, file)));
    onChanges(file.changes);
  }
  return findings;
}

/**
 * A manifest that the server knows, or that says of the segment what the server says. Another was written by a database
 * that has gone another way since, such as one that was restored from a backup: what it holds may exist nowhere else.
 */
function requireSame({ manifest, sha256 }: FoundManifest, { segment }: SegmentRecord, run: ArchiveRun): void {
  const known = run.entries.some((entry) => entry.segment === segment.id && entry.manifestSha256 === sha256);
  const { era, changes } = manifest.segment;
  const same = era === segment.era && changes === segment.changes && isWithin(manifest.segment, segment);
  if (known || same) return;
  throw refusal(
    `${run.target.text} has a segment ${segment.id} with other changes than this database: ${spanOf(manifest.segment)}, instead of ${spanOf(segment)}.`,
    "It was not overwritten, and nothing was removed here. If this database was restored from a backup, give it a target of its own.",
  );
}

async function told(
  audit: AuditDatabase,
  target: Target,
  { manifest, sha256 }: FoundManifest,
): Promise<ArchivedCopy> {
  const copy = {
    segment: manifest.segment.id,
    target: target.text,
    manifestSha256: sha256,
    changes: manifest.segment.changes,
    bytes: manifest.files.reduce((total, { bytes }) => total + bytes, 0),
    files: manifest.files.length,
  };
  await recordArchived(audit, copy);
  return copy;
}
