import { randomBytes, randomInt } from "node:crypto";
import type { BenchOptions } from "../commands/bench.ts";
import { withRollback } from "../connection/connect.ts";
import { sqlStateOf } from "../connection/failure.ts";
import { findObstacle } from "../core/auditable.ts";
import { benchNotes, settingsOfCopy, summarizeBench } from "../core/bench.ts";
import type { CaptureSettings } from "../core/capture.ts";
import { settleCapture } from "../core/enablePlan.ts";
import { settleKey } from "../core/key.ts";
import { tableLabel } from "../core/name.ts";
import { findChanges } from "../db/benchChanges.ts";
import { routineStatements, runRounds } from "../db/benchRounds.ts";
import {
  type BenchNames,
  type BenchTable,
  benchNames,
  fillStatements,
  readBenchTable,
  setUpStatements,
} from "../db/benchTable.ts";
import { enableStatements, foreseeCapture } from "../db/capture.ts";
import { resolveTables } from "../db/catalog.ts";
import { readDefaults } from "../db/defaults.ts";
import { type AuditDatabase, listInstallations, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries } from "../db/lock.ts";
import { findRelation } from "../db/registry.ts";
import { listRetention, type RetentionRow, segmentStatements } from "../db/retention.ts";
import { refusal, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type BenchAnswer, benchJson, benchText, leftBehind } from "../output/bench.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";
import type { Kind } from "../types.ts";

/** How many rows are written by a statement each, in every round. */
const SINGLE_ROWS = 200;

/**
 * Measures what auditing a table costs: on two copies of it, of which one is audited, in one transaction that is rolled
 * back. The table itself is only read. Takes no run lock, since nothing of it stays for other commands to meet.
 */
export async function runBench(options: BenchOptions, io: Io): Promise<void> {
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const subject = await readSubject(audit, options);
    const { facts } = subject.table;
    const context = { sql: audit.sql, io, table: tableLabel(facts), oid: facts.oid };
    const answer = await withLockRetries(context, () =>
      withRollback(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, (sql) =>
        explainTimeout(() => bench({ ...audit, sql }, subject, options, io)),
      ),
    );
    if (typeof answer === "string") {
      await io.out(answer);
      io.err(
        "note: the numbers of the copy and of its columns are those of this run; measuring comes before the rollback\n",
      );
      return;
    }
    await io.out(options.json ? benchJson(answer) : await benchText(answer, lookOf(io)));
    for (const note of [...answer.notes, leftBehind(answer)]) io.err(`note: ${note}\n`);
  });
}

/** The table, and how it is audited or would be. */
interface Subject {
  readonly table: BenchTable;
  readonly settings: CaptureSettings;
  readonly kind: Kind;
  /** Attribute numbers of what is not recorded. */
  readonly excluded: readonly number[];
  readonly retention: RetentionRow | undefined;
}

async function readSubject(audit: AuditDatabase, options: BenchOptions): Promise<Subject> {
  const [facts] = await resolveTables(audit.sql, [options.table], audit.searchPath);
  if (!facts) throw new Error("resolveTables has found nothing and said nothing");
  const existing = await findRelation(audit, facts.oid);
  const key =
    findObstacle(facts, await listInstallations(audit.sql)) ?? settleKey(facts, undefined, existing);
  if ("reason" in key) throw usageError(`${tableLabel(facts)} ${key.reason}.`, key.hint);
  const wishes = { images: options.images };
  const { settings } = settleCapture(facts, key, wishes, existing, await readDefaults(audit));
  const classes = await listRetention(audit);
  const own = classes.find(({ id }) => id === settings.retentionId);
  // Opening a segment would keep others from opening theirs until the end, and costs no change more or less.
  const retention =
    own?.hotSegment === null ? (classes.find(({ hotSegment }) => hotSegment !== null) ?? own) : own;
  const foreseen = await foreseeCapture(audit, facts, settings);
  return { table: await readBenchTable(audit, facts), settings, ...foreseen, retention };
}

async function explainTimeout<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlStateOf(error) !== "57014") throw error;
    throw refusal(
      "A statement took longer than statement_timeout allows, or was cancelled on the server; all was rolled back.",
      "Measure on fewer rows, such as --rows 1000.",
    );
  }
}

/** Measures; with --dry-run gives the SQL of the set-up instead. */
async function bench(
  audit: AuditDatabase,
  subject: Subject,
  options: BenchOptions,
  io: Io,
): Promise<BenchAnswer | string> {
  const { sql, searchPath } = audit;
  const { table } = subject;
  const names = benchNames(table, randomBytes(6).toString("hex"));
  const setUp = setUpStatements(table, names, { rows: options.rows, searchPath });
  const said: string[] = [];
  const perform = async (statements: readonly string[]) => {
    for (const statement of statements) await sql.unsafe(statement);
    said.push(...statements);
  };
  await sql`select set_config('statement_timeout', ${table.statementTimeout}, true)`;
  await perform([...setUp.asOwner, ...setUp.make]);
  const rows = await countSample(audit, table, names);
  await fill(audit, table, names);
  const changes = await findChanges(audit, names, recordedColumns(subject));
  // What was tried lies dead in the plain copy, which has to be the same as the other one.
  for (const copy of Object.values(names.copies)) await sql.unsafe(`truncate ${copy}`);
  const work = {
    rows,
    single: Math.min(SINGLE_ROWS, rows),
    changes,
    keyColumns: subject.settings.keyColumns,
  };
  await perform([
    ...fillStatements(table, names),
    ...routineStatements(table, names, work, searchPath),
    ...setUp.asOurselves,
  ]);
  const { relation, kind } = await captureCopy(audit, subject, names, perform);
  if (options.dryRun) return `${["begin;", LOCK_TIMEOUT_SQL, ...said, "rollback;"].join("\n")}\n`;

  const progress = createProgress(io, "measuring round");
  try {
    const { rounds } = options;
    const step = (round: number) => progress.step(round + 1, rounds);
    const run = await runRounds(audit, names, work, { rounds, relation, step });
    const { schema, table: name } = table.facts;
    return {
      ...{ schema, table: name, rows, rounds, changes },
      single: work.single,
      images: subject.settings.images,
      kind,
      figures: summarizeBench(run.samples, run.logBytes),
      recorded: run.changes,
      recordedBytes: run.bytes,
      notes: benchNotes({ ...table, kind: table.facts.kind, rowSecurity: table.facts.rowSecurity, changes }),
    };
  } finally {
    progress.end();
  }
}

async function countSample({ sql }: AuditDatabase, table: BenchTable, names: BenchNames): Promise<number> {
  const [row] = await sql.unsafe<{ rows: number }[]>(
    `select count(*)::integer as rows from ${names.stash} as stash`,
  );
  if (row?.rows) return row.rows;
  throw refusal(
    `${tableLabel(table.facts)} has no rows${table.facts.rowSecurity ? " that its owner may see" : ""}: there is nothing to measure with.`,
    "Measure on a table that has some, or put typical ones in first.",
  );
}

/** Rows may be there that a constraint would refuse today: it was added NOT VALID, or has changed its mind. */
async function fill({ sql }: AuditDatabase, table: BenchTable, names: BenchNames): Promise<void> {
  try {
    for (const statement of fillStatements(table, names)) await sql.unsafe(statement);
  } catch (error) {
    if (!sqlStateOf(error)?.startsWith("23")) throw error;
    throw refusal(
      `${tableLabel(table.facts)} has rows that a copy of it refuses: ${(error as Error).message}.`,
      "Its own constraints do not hold for all of its rows; see which with: alter table … validate constraint …",
    );
  }
}

/** Those whose change is recorded, the key aside. */
function recordedColumns({ table, settings, excluded }: Subject): BenchTable["columns"] {
  return table.columns.filter(
    ({ attnum }) => !settings.keyColumns.includes(attnum) && !excluded.includes(attnum),
  );
}

/** Audits the one copy as enable would, under a number that no other run can be waiting for. */
async function captureCopy(
  audit: AuditDatabase,
  { table, settings, kind, retention }: Subject,
  names: BenchNames,
  perform: (statements: readonly string[]) => Promise<void>,
): Promise<{ readonly relation: number; readonly kind: Kind }> {
  const [copy] = await resolveTables(audit.sql, [names.audited], []);
  if (!copy) throw new Error("the audited copy is not there");
  const relation = 2 ** 31 - 1 - randomInt(2 ** 24);
  // Lending ourselves the roles' membership would make whoever else enables a table wait until the end. What the
  // functions cost is the same whoever owns them.
  const roles = audit.installation.roles && audit.isSuperuser;
  const within = { ...audit, installation: { ...audit.installation, roles } };
  const chosen = { ...settings, retentionId: retention?.id ?? settings.retentionId };
  const statements = [
    ...(retention ? segmentStatements(audit.installation.schema, retention) : []),
    ...(await enableStatements(within, {
      facts: copy,
      relation,
      existing: undefined,
      settings: settingsOfCopy(chosen, table.facts.columns, copy.columns, kind === "row"),
    })),
  ];
  await perform(statements);
  const [entry] = await audit.sql<{ kind: Kind }[]>`
    select relation.kind from ${audit.object("relation")} as relation where relation.id = ${relation}`;
  return { relation, kind: entry?.kind ?? kind };
}
