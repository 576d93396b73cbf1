import { checkedTarget } from "../archive/checkedTarget.ts";
import { checkFile } from "../archive/checkFile.ts";
import { makeGoneTest } from "../archive/goneTest.ts";
import { findHeld } from "../archive/held.ts";
import type { Manifest } from "../archive/manifest.ts";
import { readFiles } from "../archive/readFiles.ts";
import { openTarget, type Target } from "../archive/target.ts";
import type { ArchiveRestoreOptions } from "../commands/archiveRestore.ts";
import { withTransaction } from "../connection/connect.ts";
import { fromMicroseconds, toMicroseconds } from "../core/instant.ts";
import { chooseSegments, type WantedSegments } from "../core/restorable.ts";
import { resolveZone } from "../core/zone.ts";
import { type GoneSegment, listGoneSegments } from "../db/goneChanges.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { withLockRetries, withRunLock } from "../db/lock.ts";
import { resolveRelation } from "../db/registry.ts";
import { prolongRestored, restoreSegment } from "../db/restoreSegment.ts";
import { requireZone } from "../db/zone.ts";
import { ExitCode, UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";
import { type RestoredRow, restoredJson, restoredText } from "../output/restored.ts";

/** Brings segments back from an archive, each in a transaction of its own, after it was read back and found right. */
export async function runArchiveRestore(options: ArchiveRestoreOptions, io: Io): Promise<void> {
  const zone = resolveZone(options.tz, io.env);
  const target = openTarget(options.target, io.env);
  const dryRun = options.dryRun === true;
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.tz !== undefined) await requireZone(audit.sql, zone);
    const wanted = await settleWanted(audit, options, io);
    const rows = dryRun
      ? (await choose(audit, target, wanted, io)).map(({ segment, manifest }) =>
          rowOf(segment, manifest, null),
        )
      : await withRunLock(audit.sql, audit.installation.schema, () =>
          restoreAll(audit, target, wanted, options, io),
        );
    const said = { target: target.text, dryRun };
    await io.out(
      options.json ? restoredJson(rows, said) : await restoredText(rows, { ...lookOf(io), zone, ...said }),
    );
  });
}

/** Instants are resolved in a transaction, for they are read in the zone asked for. */
async function settleWanted(
  audit: AuditDatabase,
  { segment, table, since, until, tz }: ArchiveRestoreOptions,
  io: Io,
): Promise<WantedSegments> {
  return withTransaction(audit.sql, { readOnly: true }, async (sql) => {
    const reading = { ...audit, sql };
    const relation = table === undefined ? undefined : await resolveRelation(reading, table);
    const from = since && (await settleInstant(reading, since, { tz }, io, "since: "));
    const to = until && (await settleInstant(reading, until, { tz }, io, "until: "));
    return { segments: segment, relation: relation?.id, since: from?.at, until: to?.at };
  });
}

interface Chosen {
  readonly segment: GoneSegment;
  readonly manifest: Manifest;
}

/** Those that are to be brought back, the oldest first; says of the others why not. */
async function choose(
  audit: AuditDatabase,
  target: Target,
  wanted: WantedSegments,
  io: Io,
): Promise<Chosen[]> {
  const gone = await listGoneSegments(audit);
  const manifests = await findHeld(audit, target, gone);
  // Of a segment that is gone in part the manifest alone knows where it began.
  const spans = gone.map((segment) => {
    const first = manifests.get(segment.id)?.segment.firstAt ?? segment.firstAt;
    return { ...segment, firstAt: fromMicroseconds(toMicroseconds(first)) };
  });
  const { fitting, unknown } = chooseSegments(spans, wanted);
  for (const id of unknown)
    io.err(`note: nothing of segment ${id} is gone into an archive, so there is nothing to bring back\n`);
  const chosen: Chosen[] = [];
  for (const segment of fitting) {
    const manifest = manifests.get(segment.id);
    const others = segment.archives.map((archive) => archive.target).join(" and ");
    if (segment.state === "dropping")
      io.err(`note: segment ${segment.id} is on its way out; audit prune has to finish that first\n`);
    else if (manifest === undefined)
      io.err(`note: segment ${segment.id} is not in ${target.text}; it lies in ${others}\n`);
    else chosen.push({ segment, manifest });
  }
  return chosen;
}

async function restoreAll(
  audit: AuditDatabase,
  target: Target,
  wanted: WantedSegments,
  options: ArchiveRestoreOptions,
  io: Io,
): Promise<RestoredRow[]> {
  const keep = options.for.text;
  for (const { id, until } of await prolongRestored(audit, wanted.segments ?? [], keep))
    io.err(`Segment ${id} was brought back before; it is kept until ${until}.\n`);
  const rows: RestoredRow[] = [];
  for (const { segment, manifest } of await choose(audit, target, wanted, io)) {
    const progress = createProgress(io, `restoring segment ${segment.id}:`);
    await requireSound(target, manifest);
    const context = { sql: audit.sql, io, table: `segment ${segment.id} of the log`, oid: 0 };
    const until = await withLockRetries(context, async () => {
      let count = 0;
      const accept = await makeGoneTest(audit, segment);
      return restoreSegment(audit, {
        segment,
        changes: readFiles(checkedTarget(target, manifest.files), manifest.files, { accept }),
        total: manifest.segment.changes,
        keep,
        target: target.text,
        onChanges: (more) => {
          count += more;
          progress.step(count, manifest.segment.changes);
        },
      });
    });
    progress.end();
    rows.push(rowOf(segment, manifest, until));
  }
  return rows;
}

/** Reads every file back before anything of it counts. */
async function requireSound(target: Target, { segment, files }: Manifest): Promise<void> {
  const findings: string[] = [];
  for (const file of files) findings.push(...(await checkFile(target, file)));
  if (findings.length > 0)
    throw new UserError(
      ExitCode.Surroundings,
      `Segment ${segment.id} cannot be brought back from ${target.text}: ${findings.join(" ")}`,
      { hint: "Fetch what is damaged from a copy of the archive. Nothing of this segment was changed." },
    );
}

function rowOf(
  { id, retention, firstAt, lastAt }: GoneSegment,
  manifest: Manifest,
  until: string | null,
): RestoredRow {
  return { segment: id, retention, changes: manifest.segment.changes, firstAt, lastAt, until };
}
