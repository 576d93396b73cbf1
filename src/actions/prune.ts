import { openTarget } from "../archive/target.ts";
import type { PruneOptions } from "../commands/prune.ts";
import { holdsKeep } from "../core/legalHold.ts";
import { type Decision, type PruneFacts, planRun, type Segment } from "../core/retention.ts";
import { resolveZone } from "../core/zone.ts";
import { listHoldsInForce } from "../db/holds.ts";
import { type HorizonRise, plannedHorizons, readHorizons, risenHorizons } from "../db/horizons.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { isLockTimeout, withLockRetries } from "../db/lock.ts";
import {
  closeSegment,
  countBefore,
  deleteExpired,
  dropSegment,
  dropStatements,
  finishDrops,
  readPruneFacts,
  rotateSegment,
  stampClosing,
  summarizeLog,
} from "../db/segments.ts";
import { requireZone } from "../db/zone.ts";
import { refusal } from "../errors.ts";
import type { Io } from "../io.ts";
import { horizonsText } from "../output/horizons.ts";
import { lookOf } from "../output/look.ts";
import { type PrunePlanRow, prunePlanJson, prunePlanText } from "../output/plan.ts";
import { createProgress } from "../output/progress.ts";
import { archiveSegment, requireArchived } from "./archiveSegment.ts";
import { openArchive } from "./openArchive.ts";
import { type Deadline, deadline, runUnattended, tellStopped, withLockAsAsked } from "./unattended.ts";

/**
 * Carries out the retention policies: rotates, closes, drops whole segments, deletes what else has expired.
 * With --dry-run shows the same plan and the SQL behind it, and changes nothing.
 */
export async function runPrune(options: PruneOptions, io: Io): Promise<void> {
  await runUnattended(options, io, (heard) => pruneOnce(options, heard));
}

async function pruneOnce(options: PruneOptions, io: Io): Promise<void> {
  const zone = resolveZone(options.tz, io.env);
  const clock = deadline(options.maxDuration, io);
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.tz !== undefined) await requireZone(audit.sql, zone);
    const run = options.dryRun
      ? await plannedRun(audit, options, io)
      : ((await withLockAsAsked(audit, options, clock, io, () => prune(audit, options, clock, io))) ??
        nothingDone);
    const dryRun = options.dryRun === true;
    if (options.json) {
      await io.out(prunePlanJson(run.rows, { ...run, dryRun }));
      return;
    }
    if (run.rows.length === 0) {
      if (run.complete) await io.out("Nothing is recorded yet, so there is nothing to prune.\n");
      return;
    }
    await io.out(await prunePlanText(run.rows, { ...lookOf(io), zone, dryRun }));
    await io.out(horizonsText(run.horizons, { ...lookOf(io), zone, dryRun }));
    if (options.dryRun) await io.out(sqlOf(audit, run.rows));
  });
}

interface Run {
  readonly rows: readonly PrunePlanRow[];
  /** The tables of which less of the past can be rebuilt than before. */
  readonly horizons: readonly HorizonRise[];
  /** Whether all was done that was due. */
  readonly complete: boolean;
}

const nothingDone: Run = { rows: [], horizons: [], complete: false };

function targetText({ archive }: PruneOptions, io: Io): string | undefined {
  return archive === undefined ? undefined : openTarget(archive, io.env).text;
}

async function factsOf(
  audit: AuditDatabase,
  { exact }: PruneOptions,
  archive: string | undefined,
): Promise<PruneFacts> {
  return { ...(await readPruneFacts(audit)), exact, archive };
}

async function prune(audit: AuditDatabase, options: PruneOptions, clock: Deadline, io: Io): Promise<Run> {
  const archive =
    options.archive === undefined ? undefined : await openArchive(audit, options.archive, options, io);
  const readFacts = () => factsOf(audit, options, archive?.target.text);
  const formerHorizons = await readHorizons(audit);
  for (const { id, heldBy } of await finishDrops(audit))
    io.err(
      heldBy.length === 0
        ? `Segment ${id} is gone, which an earlier run had begun to drop.\n`
        : `Segment ${id}, which an earlier run had begun to drop, is back in the log: ${holdsKeep(heldBy)} a part of it.\n`,
    );
  const done: Decision[] = [];
  /** `apply` returns false where it found that the act is not due any more: a later phase decides anew. */
  const actOn = async (act: Decision["act"], apply: (decision: Decision) => Promise<boolean>) => {
    for (const decision of readyActs(await readFacts()).filter((candidate) => candidate.act === act)) {
      if (clock.isOver()) return;
      if (await apply(decision)) done.push(decision);
    }
  };
  await actOn("rotate", ({ segment }) => retrying(audit, io, segment, () => rotateSegment(audit, segment)));
  await stampClosing(audit);
  await actOn("close", ({ segment }) => retrying(audit, io, segment, () => closeSegment(audit, segment)));
  if (archive) {
    const archiving = createProgress(io, "archiving");
    let count = 0;
    const onChanges = (more: number) => {
      count += more;
      archiving.step(count, undefined, "changes written or read back");
    };
    await actOn("archive", async ({ segment }) => {
      await archiveSegment(audit, archive, segment.id, onChanges);
      return true;
    });
    archiving.end();
  }
  const progress = createProgress(io, "deleting");
  const deleted = new Map<number, number>();
  await actOn("drop", async ({ segment, reason }) => {
    await requireArchived(audit, archive?.target, segment);
    return whenFree(segment, () => dropSegment(audit, segment, reason));
  });
  await actOn("delete", async ({ segment, cutoff }) => {
    await requireArchived(audit, archive?.target, segment);
    const step = (count: number) => progress.step(count, undefined);
    deleted.set(segment.id, await deleteExpired(audit, segment, cutoff ?? "", step, clock.isOver));
    return true;
  });
  progress.end();
  if (!clock.isOver()) await summarizeLog(audit);
  const facts = await readFacts();
  const complete = !clock.isOver() || readyActs(facts).length === 0;
  if (!complete) tellStopped(clock, io);
  const left = planRun(facts).filter(({ act }) => act === "keep");
  const rows = [...done, ...left]
    .map((decision) =>
      rowOf(decision, decision.act === "delete" ? BigInt(deleted.get(decision.segment.id) ?? 0) : undefined),
    )
    .sort((one, other) => one.segment - other.segment);
  return { rows, horizons: risenHorizons(formerHorizons, await readHorizons(audit)), complete };
}

/**
 * The planned acts that can be done now: planRun also looks ahead to acts that others must make room for, and shows the
 * segment as it will be by then. What counts is how it is.
 */
function readyActs(facts: PruneFacts): Decision[] {
  const present = new Map(facts.segments.map((segment) => [segment.id, segment]));
  return planRun(facts).flatMap((decision) => {
    const segment = present.get(decision.segment.id);
    const ready = segment && { ...decision, segment };
    return ready && isReady(ready) && !awaitsArchive(ready, facts) ? [ready] : [];
  });
}

/** Time goes on between the phases: what has become due since is archived by the next run, and goes then. */
function awaitsArchive({ act, segment }: Decision, { archive }: PruneFacts): boolean {
  if (archive === undefined || segment.changes <= 0 || (act !== "drop" && act !== "delete")) return false;
  return !segment.archivedIn?.includes(archive);
}

function isReady({ act, segment }: Decision): boolean {
  switch (act) {
    case "rotate":
      return segment.state === "hot";
    case "close":
      return segment.state === "closing" && segment.safeToClose;
    case "archive":
    case "drop":
    case "delete":
      return segment.state === "closed";
    case "keep":
      return false;
  }
}

async function retrying(
  audit: AuditDatabase,
  io: Io,
  segment: Segment,
  attempt: () => Promise<void>,
): Promise<true> {
  await withLockRetries({ sql: audit.sql, io, table: `segment ${segment.id} of the log`, oid: 0 }, attempt);
  return true;
}

async function whenFree(segment: Segment, drop: () => Promise<boolean>): Promise<boolean> {
  try {
    return await drop();
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    throw refusal(
      `Segment ${segment.id} could not leave the log: a transaction that has used the log is still open.`,
      "It is out of every answer already. Run audit prune again when that transaction has ended.",
    );
  }
}

async function plannedRun(audit: AuditDatabase, options: PruneOptions, io: Io): Promise<Run> {
  const facts = await factsOf(audit, options, targetText(options, io));
  const decisions = planRun(facts);
  return {
    rows: await plannedRows(audit, facts, decisions),
    horizons: await plannedHorizons(audit, decisions, await listHoldsInForce(audit)),
    complete: true,
  };
}

async function plannedRows(
  audit: AuditDatabase,
  facts: PruneFacts,
  decisions: readonly Decision[],
): Promise<PrunePlanRow[]> {
  const closed = new Set(facts.segments.filter(({ state }) => state === "closed").map(({ id }) => id));
  const rows: PrunePlanRow[] = [];
  for (const decision of decisions) {
    // What goes is counted, not estimated; a closed segment has its number written down.
    const isWhole = decision.act === "drop" || decision.act === "archive";
    const isEstimate = decision.act === "delete" || (isWhole && !closed.has(decision.segment.id));
    const counted = isEstimate
      ? await countBefore(audit, decision.segment, decision.cutoff ?? "infinity")
      : undefined;
    rows.push(rowOf(decision, counted));
  }
  return rows;
}

/** `partial`: how many changes an act concerns that leaves the rest of the segment alone. */
function rowOf({ segment, act, reason }: Decision, partial: bigint | undefined): PrunePlanRow {
  return {
    segment: segment.id,
    retention: segment.retention,
    act,
    changes: String(partial ?? segment.changes),
    bytes:
      partial === undefined
        ? segment.bytes
        : Math.round(segment.bytes * share(partial, BigInt(segment.changes))),
    firstAt: segment.firstAt ?? null,
    lastAt: segment.lastAt ?? null,
    reason,
  };
}

function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Math.min(1, Number(part) / Number(whole));
}

function sqlOf({ installation }: AuditDatabase, rows: readonly PrunePlanRow[]): string {
  const statements = rows
    .filter(({ act }) => act === "drop")
    .flatMap(({ segment }) => dropStatements(installation.schema, segment));
  return statements.length === 0 ? "" : `\n${statements.join("\n")}\n`;
}
