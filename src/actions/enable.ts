import type { EnableOptions } from "../commands/enable.ts";
import { withTransaction } from "../connection/connect.ts";
import { findObstacle, type Obstacle, type TableFacts } from "../core/auditable.ts";
import { type CaptureSettings, sameSettings } from "../core/capture.ts";
import { patternsFor, settleCapture, unknownEverywhere } from "../core/enablePlan.ts";
import { type Key, type KeyWish, settleKey } from "../core/key.ts";
import { quoteIdentifier, tableLabel } from "../core/name.ts";
import { isReservedName } from "../core/viewName.ts";
import { enableStatements, lockStatement } from "../db/capture.ts";
import { listTables, resolveTables } from "../db/catalog.ts";
import { readDefaults } from "../db/defaults.ts";
import { gapOf, isWell, readHealth } from "../db/health.ts";
import { type AuditDatabase, listInstallations, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries, withRunLock } from "../db/lock.ts";
import { listRelations, type Relation } from "../db/registry.ts";
import {
  canBeShorter,
  listRetention,
  planRetention,
  type RetentionRow,
  retentionStatements,
  segmentStatements,
  setRetention,
} from "../db/retention.ts";
import { listTakenNames } from "../db/views.ts";
import { ExitCode, refusal, SilentExit, UserError, usageError } from "../errors.ts";
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

function checkSelection({ tables, all, schema, key }: EnableOptions): void {
  const bulk = all === true || schema !== undefined;
  if (tables.length > 0 && bulk)
    throw usageError("Tables are named and --all or --schema is given; only one of them can be meant.");
  if (tables.length === 0 && !bulk)
    throw usageError("No table is named.", "Write audit enable <table>, or --all for every table.");
  if (Array.isArray(key) && (bulk || tables.length > 1))
    throw usageError(
      "--key names the columns of one table.",
      "Enable tables with keys of their own one by one.",
    );
}

async function enable(audit: AuditDatabase, options: EnableOptions, io: Io): Promise<void> {
  const bulk = options.tables.length === 0;
  const ours = await listInstallations(audit.sql);
  const facts = bulk
    ? await listTables(audit.sql, options.schema, ours)
    : await resolveTables(audit.sql, options.tables, audit.searchPath);
  const relations = await presentRelations(audit);
  const rows: EnabledRow[] = [];
  const auditable: Candidate[] = [];
  for (const table of facts) {
    const existing = relations.get(table.oid);
    const key = findObstacle(table, ours) ?? keyOf(table, options.key, existing, bulk);
    if ("reason" in key) {
      const detail = `${key.reason}. ${key.hint}`;
      rows.push({ schema: table.schema, table: table.table, did: "skipped", detail });
    } else auditable.push({ facts: table, existing, key });
  }
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
      setRetention({ ...audit, sql }, { name: retention.name, keep: retention.keep }),
    );
  }
  const shortened = await shortenedTables(audit, targets);
  const done = await applyTargets(audit, targets, io);
  const all = [...rows, ...done].sort(
    (one, other) => compare(one.schema, other.schema) || compare(one.table, other.table),
  );
  for (const note of targets.flatMap(({ notes }) => notes)) io.err(`note: ${note}\n`);
  for (const note of shortened) io.err(`note: ${note}\n`);
  await io.out(options.json ? enabledJson(all) : await enabledText(all, lookOf(io)));
  if (done.some(({ did }) => did === "failed")) throw new SilentExit(ExitCode.Refused);
}

/** What it means for the past of tables that they move to a class which keeps less. */
async function shortenedTables(audit: AuditDatabase, targets: readonly Target[]): Promise<string[]> {
  const classes = new Map((await listRetention(audit)).map((row) => [row.id, row]));
  const byMove = new Map<string, string[]>();
  for (const { facts, existing, settings } of targets) {
    const former = existing?.enabled ? classes.get(existing.retentionId) : undefined;
    const next = classes.get(settings.retentionId);
    if (!former || !next || !(await canBeShorter(audit, next.keep, former.keep))) continue;
    const move = `changes from now on go after ${next.keep}, and their past can then be rebuilt only as far back; what is recorded so far stays in its history as long as class ${former.name} keeps it (${former.keep ?? "for ever"}).`;
    byMove.set(move, [...(byMove.get(move) ?? []), tableLabel(facts)]);
  }
  return [...byMove].map(([move, tables]) => `${tables.join(", ")}: ${move}`);
}

/** A table that can be audited, by what key. */
interface Candidate {
  readonly facts: TableFacts;
  readonly existing: Relation | undefined;
  readonly key: Key;
}

/** Of many tables, --no-key concerns those that have no primary key. */
function keyOf(
  facts: TableFacts,
  wish: KeyWish,
  existing: Relation | undefined,
  bulk: boolean,
): Key | Obstacle {
  return settleKey(facts, bulk && facts.keyColumns.length > 0 ? undefined : wish, existing);
}

async function presentRelations(audit: AuditDatabase): Promise<Map<number, Relation>> {
  const relations = (await listRelations(audit)).filter(({ dropped }) => !dropped);
  return new Map(relations.map((relation) => [relation.oid, relation]));
}

function obstaclesError(rows: readonly EnabledRow[]): UserError {
  const sentences = rows.map(({ schema, table, detail }) => `${tableLabel({ schema, table })} ${detail}`);
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
  tables: readonly Candidate[],
  options: EnableOptions,
  bulk: boolean,
  retention: RetentionRow | undefined,
): Promise<Target[]> {
  const severally = bulk || tables.length > 1;
  const patterns = patternsOf(options);
  for (const [flag, given] of severally ? Object.entries(patterns) : []) {
    const unknown = unknownEverywhere(
      tables.map(({ facts }) => facts),
      given ?? [],
    );
    if (unknown.length > 0) {
      throw usageError(
        `No table has a column ${unknown.join(" or ")} to --${flag}.`,
        "Check the spelling; nothing was changed.",
      );
    }
  }
  const health = await readHealth(audit);
  const defaults = await readDefaults(audit);
  const faults: string[] = [];
  const targets: Target[] = [];
  let hint: string | undefined;
  for (const { facts, existing, key } of tables) {
    const own = (given: readonly string[] | undefined) =>
      given && severally && given.length > 0 ? patternsFor(facts, given) : given;
    const wishes = {
      ...options,
      exclude: own(patterns.exclude),
      only: own(patterns.only),
      redact: own(patterns.redact),
      retentionId: retention?.id,
    };
    try {
      const { settings, notes } = settleCapture(facts, key, wishes, existing, defaults);
      const found = existing && health.get(existing.id);
      const unchanged = existing?.enabled === true && isWell(found) && sameSettings(existing, settings);
      const gap = existing?.enabled ? (gapOf(found) ?? keyGap(existing, settings)) : undefined;
      targets.push({ facts, existing, settings, notes: bulk ? [] : notes, unchanged, gap });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(error.message);
      hint ??= error.hint;
    }
  }
  if (faults.length > 0) throw usageError(faults.join("\n"), hint);
  await refuseTakenNames(audit, targets);
  return targets;
}

/** A view takes no name that something else has, or that another table's view is to have. */
async function refuseTakenNames(audit: AuditDatabase, targets: readonly Target[]): Promise<void> {
  const named = targets.flatMap(({ facts, existing, settings }) =>
    settings.viewName === null ? [] : [{ facts, existing, name: settings.viewName }],
  );
  const taken = named.length === 0 ? [] : await listTakenNames(audit);
  const schema = quoteIdentifier(audit.installation.schema);
  const faults = named.flatMap(({ facts, existing, name }, index) => {
    const other = taken.find(
      (one) => one.name === name && (one.relation === null || one.relation !== existing?.id),
    );
    const twin = named.slice(0, index).find((one) => one.name === name);
    const by = twin ? `the view of ${tableLabel(twin.facts)}` : other?.what;
    if (by === undefined && !isReservedName(name)) return [];
    const view = `${schema}.${quoteIdentifier(name)}`;
    return [
      `${tableLabel(facts)}: its view cannot be called ${view}: ${by ? `that is ${by}` : "such names are kept for our own objects"}.`,
    ];
  });
  if (faults.length > 0)
    throw refusal(faults.join("\n"), "Choose another name, such as: --view-name '{schema}_{table}_history'");
}

/** Columns by name and glob, as they were typed. */
function patternsOf({ exclude, only, redact }: EnableOptions) {
  return { exclude, only, redact };
}

/** What was recorded under one key does not lead back to rows that go by another. */
function keyGap(existing: Relation, { keyColumns }: CaptureSettings): string | undefined {
  return String(existing.keyColumns) === String(keyColumns) ? undefined : "its key was changed";
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
  if (newClass)
    await print(retentionStatements(schema, { name: newClass.name, keep: newClass.keep }, undefined));
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
    const name = tableLabel(facts);
    progress.step(index, targets.length, name);
    const kept = retention.get(settings.retentionId);
    const row = { schema: facts.schema, table: facts.table };
    if (target.unchanged) {
      const detail = describe(facts, settings, kept, existing, await readWithheld(audit, facts.oid));
      rows.push({ ...row, did: "unchanged", detail });
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
      const detail = describe(facts, settings, kept, existing, await readWithheld(audit, facts.oid));
      rows.push({ ...row, did, detail });
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

/** What is not recorded of a table and what is redacted, as the registry has it after all. */
async function readWithheld({ sql, object }: AuditDatabase, oid: number) {
  const [row] = await sql<{ excluded: number[]; redacted: number[] }[]>`
    select excluded, redacted from ${object("relation")} where oid = ${oid}::oid and dropped_at is null`;
  return row ?? { excluded: [], redacted: [] };
}

function describe(
  facts: TableFacts,
  settings: CaptureSettings,
  retention: RetentionRow | undefined,
  former: Relation | undefined,
  withheld: { readonly excluded: readonly number[]; readonly redacted: readonly number[] },
): string {
  const names = (attnums: readonly number[]) =>
    facts.columns.filter(({ attnum }) => attnums.includes(attnum)).map(({ name }) => name);
  const excluded = names(withheld.excluded);
  const redacted = names(withheld.redacted);
  const parts = [
    ...(excluded.length > 0 ? [`without ${excluded.join(", ")}`] : []),
    ...(redacted.length > 0 ? [`${redacted.join(", ")} redacted`] : []),
    ...(settings.keyFrom === "chosen" ? [`by ${names(settings.keyColumns).join(", ")}`] : []),
    ...(settings.keyFrom === "none" ? ["as a log only, without row history or time travel"] : []),
    ...(settings.images === "changes" ? [] : [`${settings.images} images`]),
    ...(settings.keepsStatement ? ["with the statement's text"] : []),
    ...(settings.always ? ["in replica role, too"] : []),
    retention === undefined || retention.keep === null ? "kept for ever" : `kept ${retention.keep}`,
    ...(settings.onTruncate === "capture"
      ? []
      : [`TRUNCATE ${settings.onTruncate === "record" ? "recorded as an event" : "forbidden"}`]),
    ...(settings.viewName === null ? [] : [`history in the view ${quoteIdentifier(settings.viewName)}`]),
    ...(former?.enabled && former.retentionId !== settings.retentionId
      ? ["the new retention holds for future changes only"]
      : []),
    ...(facts.unlogged ? ["unlogged: a crash empties the table, its history stays"] : []),
    ...(facts.rowSecurity && settings.onTruncate === "capture"
      ? ["row-level security: TRUNCATE will fail where it is forced on the table's owner"]
      : []),
  ];
  return parts.join("; ");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
