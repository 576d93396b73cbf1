import type { EnableOptions } from "../commands/enable.ts";
import { withTransaction } from "../connection/connect.ts";
import { findObstacle, type TableFacts } from "../core/auditable.ts";
import { type CaptureSettings, patternsFor, settleCapture, unknownEverywhere } from "../core/enablePlan.ts";
import { formatTableName } from "../core/name.ts";
import { enableStatements, lockStatement, readExcluded } from "../db/capture.ts";
import { listTables, resolveTables } from "../db/catalog.ts";
import { type Health, readHealth } from "../db/health.ts";
import { type AuditDatabase, listInstallations, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries, withRunLock } from "../db/lock.ts";
import { listRelations, type Relation } from "../db/registry.ts";
import {
  FOREVER,
  listRetention,
  planRetention,
  type RetentionRow,
  retentionStatements,
  segmentStatements,
  setRetention,
} from "../db/retention.ts";
import { ExitCode, SilentExit, UserError, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type EnabledRow, enabledJson, enabledText } from "../output/enabled.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";

interface Target {
  readonly facts: TableFacts;
  readonly existing: Relation | undefined;
  readonly settings: CaptureSettings;
  readonly notes: readonly string[];
  /** Nothing to do: enabled, healthy, and with these very settings. */
  readonly unchanged: boolean;
  /** Why the coverage so far cannot go on. */
  readonly gap: string | undefined;
}

/**
 * Audits tables, or changes how they are audited. Named tables are all checked before the first is touched;
 * with --all, those that cannot be audited are skipped and reported. One transaction per table.
 */
export async function runEnable(options: EnableOptions, io: Io): Promise<void> {
  checkSelection(options);
  await withAudit({ ...options, writes: true }, io, (audit) =>
    options.dryRun
      ? enable(audit, options, io)
      : withRunLock(audit.sql, audit.installation.schema, () => enable(audit, options, io)),
  );
}

function checkSelection({ tables, all, schema }: EnableOptions): void {
  const bulk = all === true || schema !== undefined;
  if (tables.length > 0 && bulk)
    throw usageError("Tables are named and --all or --schema is given; only one of them can be meant.");
  if (tables.length === 0 && !bulk)
    throw usageError("No table is named.", "Write audit enable <table>, or --all for every table.");
}

async function enable(audit: AuditDatabase, options: EnableOptions, io: Io): Promise<void> {
  const bulk = options.tables.length === 0;
  const ours = await listInstallations(audit.sql);
  const facts = bulk
    ? await listTables(audit.sql, options.schema, ours)
    : await resolveTables(audit.sql, options.tables, audit.searchPath);
  const rows: EnabledRow[] = [];
  const auditable = facts.filter((table) => {
    const obstacle = findObstacle(table, ours);
    if (obstacle)
      rows.push({
        schema: table.schema,
        table: table.table,
        did: "skipped",
        detail: `${obstacle.reason}. ${obstacle.hint}`,
      });
    return !obstacle;
  });
  if (!bulk && rows.length > 0) throw obstaclesError(rows);

  const retention = options.retain && (await planRetention(audit, options.retain));
  const targets = await settleTargets(audit, auditable, options, bulk, retention);
  const isNewClass = retention?.isNew === true && targets.length > 0;
  if (options.dryRun) {
    await printStatements(audit, targets, isNewClass ? retention : undefined, io);
    return;
  }
  // Only now that nothing is wrong with the rest of what was asked.
  if (isNewClass) {
    await withTransaction(audit.sql, {}, (sql) =>
      setRetention({ ...audit, sql }, retention.name, retention.keep),
    );
  }
  const done = await applyTargets(audit, targets, io);
  const all = [...rows, ...done].sort(
    (one, other) => compare(one.schema, other.schema) || compare(one.table, other.table),
  );
  for (const note of targets.flatMap(({ notes }) => notes)) io.err(`note: ${note}\n`);
  await io.out(options.json ? enabledJson(all) : await enabledText(all, lookOf(io)));
  if (done.some(({ did }) => did === "failed")) throw new SilentExit(ExitCode.Refused);
}

function obstaclesError(rows: readonly EnabledRow[]): UserError {
  const sentences = rows.map(
    ({ schema, table, detail }) => `${formatTableName({ schema, table })} ${detail}`,
  );
  const [first, ...others] = sentences;
  const [message, hint] = splitSentence(first ?? "");
  return usageError(
    others.length === 0 ? message : sentences.join("\n"),
    others.length === 0 ? hint : "Nothing was changed.",
  );
}

function splitSentence(text: string): [string, string] {
  const end = text.indexOf(". ");
  return [text.slice(0, end + 1), text.slice(end + 2)];
}

async function settleTargets(
  audit: AuditDatabase,
  tables: readonly TableFacts[],
  options: EnableOptions,
  bulk: boolean,
  retention: RetentionRow | undefined,
): Promise<Target[]> {
  const { exclude } = options;
  const severally = bulk || tables.length > 1;
  const unknown = severally && exclude ? unknownEverywhere(tables, exclude) : [];
  if (unknown.length > 0) {
    throw usageError(
      `No table has a column ${unknown.join(" or ")} to --exclude.`,
      "Check the spelling; nothing was changed.",
    );
  }
  const relations = new Map(
    (await listRelations(audit))
      .filter(({ dropped }) => !dropped)
      .map((relation) => [relation.oid, relation]),
  );
  const health = await readHealth(audit);
  const forever = (await listRetention(audit)).find(({ name }) => name === FOREVER);
  const faults: string[] = [];
  const targets: Target[] = [];
  let hint: string | undefined;
  for (const facts of tables) {
    const existing = relations.get(facts.oid);
    const wishes = {
      exclude: exclude && severally ? patternsFor(facts, exclude) : exclude,
      onTruncate: options.onTruncate,
      retentionId: retention?.id,
    };
    try {
      const { settings, notes } = settleCapture(facts, wishes, existing, forever?.id ?? 1);
      const unchanged =
        existing?.enabled === true &&
        isHealthy(health.get(existing.id)) &&
        sameSettings(existing, { ...settings, excluded: await readExcluded(audit, facts.oid, settings) });
      const gap = existing?.enabled ? gapOf(health.get(existing.id)) : undefined;
      targets.push({ facts, existing, settings, notes: bulk ? [] : notes, unchanged, gap });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(error.message);
      hint ??= error.hint;
    }
  }
  if (faults.length > 0) throw usageError(faults.join("\n"), hint);
  return targets;
}

function isHealthy(health: Health | undefined): boolean {
  return health?.rowTrigger === "on" && health.truncateTrigger === "on" && health.current && health.sameKey;
}

function gapOf(health: Health | undefined): string | undefined {
  if (health?.rowTrigger !== "on")
    return `the audit trigger was found ${health?.rowTrigger === "off" ? "switched off" : "gone"}`;
  if (!health.sameKey) return "the primary key was found changed";
  return undefined;
}

function sameSettings(existing: CaptureSettings, wanted: CaptureSettings): boolean {
  return (
    existing.onTruncate === wanted.onTruncate &&
    existing.retentionId === wanted.retentionId &&
    String(existing.excluded) === String(wanted.excluded) &&
    String(existing.exclude) === String(wanted.exclude)
  );
}

async function printStatements(
  audit: AuditDatabase,
  targets: readonly Target[],
  newClass: RetentionRow | undefined,
  io: Io,
): Promise<void> {
  const { schema } = audit.installation;
  const withoutSegment = new Map(
    [...(await listRetention(audit)), ...(newClass ? [newClass] : [])]
      .filter(({ hotSegment }) => hotSegment === null)
      .map((row) => [row.id, row]),
  );
  const print = (statements: readonly string[]) =>
    io.out(`${["begin;", LOCK_TIMEOUT_SQL, ...statements, "commit;"].join("\n")}\n\n`);
  if (newClass) await print(retentionStatements(schema, { ...newClass, former: null }));
  let next = await nextRelation(audit);
  for (const target of targets) {
    if (target.unchanged) continue;
    const kept = withoutSegment.get(target.settings.retentionId);
    withoutSegment.delete(target.settings.retentionId);
    await print([
      ...(kept ? segmentStatements(schema, kept) : []),
      ...(await enableStatements(audit, { ...target, relation: target.existing?.id ?? next++ })),
    ]);
  }
}

async function applyTargets(audit: AuditDatabase, targets: readonly Target[], io: Io): Promise<EnabledRow[]> {
  const { sql } = audit;
  const retention = new Map((await listRetention(audit)).map((row) => [row.id, row]));
  const progress = createProgress(io, "enabling");
  const rows: EnabledRow[] = [];
  for (const [index, target] of targets.entries()) {
    const { facts, existing, settings } = target;
    const name = formatTableName(facts);
    progress.step(index, targets.length, name);
    const kept = retention.get(settings.retentionId);
    const row = { schema: facts.schema, table: facts.table };
    if (target.unchanged) {
      rows.push({ ...row, did: "unchanged", detail: describe(facts, settings, kept) });
      continue;
    }
    try {
      const id = existing?.id ?? (await nextRelation(audit));
      await withLockRetries({ sql, io, table: name, oid: facts.oid }, () =>
        withTransaction(sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (transaction) => {
          const within = { ...audit, sql: transaction };
          await transaction.unsafe(lockStatement(facts));
          const [current] = (await listRetention(within)).filter(
            (candidate) => candidate.id === settings.retentionId,
          );
          const request = { facts, relation: id, existing, settings, gap: target.gap };
          for (const statement of [
            ...(current ? segmentStatements(audit.installation.schema, current) : []),
            ...(await enableStatements(within, request)),
          ])
            await transaction.unsafe(statement);
        }),
      );
      const did = existing?.enabled ? "changed" : "enabled";
      rows.push({ ...row, did, detail: describe(facts, settings, kept, existing) });
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode !== ExitCode.Refused || targets.length === 1)
        throw error;
      rows.push({ ...row, did: "failed", detail: error.message });
    }
  }
  progress.end();
  return rows;
}

async function nextRelation({ sql, object }: AuditDatabase): Promise<number> {
  const [row] = await sql<
    { next: number }[]
  >`select coalesce(max(id), 0) + 1 as next from ${object("relation")}`;
  return row?.next ?? 1;
}

function describe(
  facts: TableFacts,
  settings: CaptureSettings,
  retention: RetentionRow | undefined,
  former?: Relation,
): string {
  const excluded = facts.columns
    .filter(({ attnum }) => settings.excluded.includes(attnum))
    .map(({ name }) => name);
  const parts = [
    ...(excluded.length > 0 ? [`without ${excluded.join(", ")}`] : []),
    retention === undefined || retention.keep === null ? "kept for ever" : `kept ${retention.keep}`,
    ...(settings.onTruncate === "capture"
      ? []
      : [`TRUNCATE ${settings.onTruncate === "record" ? "recorded as an event" : "forbidden"}`]),
    ...(former?.enabled && former.retentionId !== settings.retentionId
      ? ["the new retention holds for future changes only"]
      : []),
    ...(facts.unlogged ? ["unlogged: a crash empties the table, its history stays"] : []),
    ...(facts.rowSecurity && settings.onTruncate === "capture"
      ? ["row-level security: TRUNCATE will fail unless audit_truncate may read all rows"]
      : []),
  ];
  return parts.join("; ");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
