import { openTarget } from "../archive/target.ts";
import type { ArchiveOptions } from "../commands/archive.ts";
import { resolveZone } from "../core/zone.ts";
import { type ClosedSegment, listClosedSegments } from "../db/archives.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { requireZone } from "../db/zone.ts";
import type { Io } from "../io.ts";
import { type ArchivedRow, archivedJson, archivedText } from "../output/archived.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";
import { archiveSegment } from "./archiveSegment.ts";
import { openArchive } from "./openArchive.ts";
import { type Deadline, deadline, runUnattended, tellStopped, withLockAsAsked } from "./unattended.ts";

/** Copies every closed segment that is not yet in the archive to it, oldest first, and reads each back. */
export async function runArchiveWrite(options: ArchiveOptions, io: Io): Promise<void> {
  await runUnattended(options, io, (heard) => archiveOnce(options, heard));
}

async function archiveOnce(options: ArchiveOptions, io: Io): Promise<void> {
  const zone = resolveZone(options.tz, io.env);
  const clock = deadline(options.maxDuration, io);
  const { text } = openTarget(options.target, io.env);
  const dryRun = options.dryRun === true;
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.tz !== undefined) await requireZone(audit.sql, zone);
    const run = dryRun
      ? { rows: (await listDue(audit, text, io)).map(plannedRow), complete: true }
      : ((await withLockAsAsked(audit, options, clock, io, () => archiveDue(audit, options, clock, io))) ??
        nothingDone);
    if (options.json) await io.out(archivedJson(run.rows, { target: text, dryRun, complete: run.complete }));
    else if (run.rows.length > 0 || run.complete)
      await io.out(await archivedText(run.rows, { ...lookOf(io), zone, dryRun, target: text }));
  });
}

interface Run {
  readonly rows: readonly ArchivedRow[];
  /** Whether all was done that was due. */
  readonly complete: boolean;
}

const nothingDone: Run = { rows: [], complete: false };

async function archiveDue(
  audit: AuditDatabase,
  options: ArchiveOptions,
  clock: Deadline,
  io: Io,
): Promise<Run> {
  const run = await openArchive(audit, options.target, options, io);
  const due = await listDue(audit, run.target.text, io);
  const total = due.reduce((sum, { changes }) => sum + changes, 0);
  const progress = createProgress(io, "archiving");
  const rows: ArchivedRow[] = [];
  let before = 0;
  for (const segment of due) {
    if (clock.isOver()) break;
    // Each change is written, and read back.
    let steps = 0;
    const done = await archiveSegment(audit, run, segment.id, (count) => {
      steps += count;
      progress.step(
        Math.round(before + Math.min(steps / 2, segment.changes)),
        total,
        `segment ${segment.id}`,
      );
    });
    before += segment.changes;
    const { changes, bytes, files, found } = done;
    rows.push({ ...plannedRow(segment), act: found ? "found" : "archive", changes, bytes, files });
  }
  progress.end();
  const complete = rows.length === due.length;
  if (!complete) tellStopped(clock, io);
  return { rows, complete };
}

/** What is to be archived, oldest first; what cannot be any more is told of. */
async function listDue(audit: AuditDatabase, target: string, io: Io): Promise<ClosedSegment[]> {
  const missing = (await listClosedSegments(audit)).filter(({ archivedIn }) => !archivedIn.includes(target));
  for (const { id, partial, archivedIn } of missing)
    if (partial)
      io.err(
        `Segment ${id} is left out: a part of it is gone from the database and lies in ${archivedIn.join(", ")} alone.\n`,
      );
  return missing.filter(({ partial }) => !partial);
}

function plannedRow({ id, retention, changes, firstAt, lastAt }: ClosedSegment): ArchivedRow {
  return { segment: id, retention, act: "archive", changes, bytes: null, files: null, firstAt, lastAt };
}
