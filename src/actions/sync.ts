import type { SyncOptions } from "../commands/sync.ts";
import { withTransaction } from "../connection/connect.ts";
import { type Drift, severityOf } from "../core/drift.ts";
import { lentRights } from "../db/capture.ts";
import { findDrift } from "../db/drift/findDrift.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries, withRunLock } from "../db/lock.ts";
import { listRelations } from "../db/registry.ts";
import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { findingsJson, findingsText } from "../output/findings.ts";
import { lookOf } from "../output/look.ts";

/**
 * Mends what check finds, by the statements that check prints: what concerns the installation in one transaction, each
 * table in one of its own. Says what was mended; exit 1 where something is left that takes a decision.
 */
export async function runSync(options: SyncOptions, io: Io): Promise<void> {
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.dryRun) {
      for (const group of byTable(await findDrift(audit))) await io.out(`${script(audit, group)}\n\n`);
      return;
    }
    const { mended, left } = await withRunLock(audit.sql, audit.installation.schema, () =>
      mendAll(audit, io),
    );
    if (options.json) await io.out(findingsJson(mended));
    else await io.out(mended.length === 0 ? "There was nothing to mend.\n" : mendedText(mended));
    if (left.length === 0) return;
    io.err(findingsText(left, { ...lookOf(io), width: undefined }));
    throw new SilentExit(ExitCode.No);
  });
}

function mendedText(mended: readonly Drift[]): string {
  const lines = mended.map(({ table, subject, kind }) => `mended ${kind}: ${table ?? subject}\n`);
  return `${lines.join("")}${mended.length} mended\n`;
}

function isSame(one: Drift, other: Drift): boolean {
  return one.kind === other.kind && one.relation === other.relation && one.subject === other.subject;
}

/** What can be mended, the installation's first and then each table's. */
function byTable(drifts: readonly Drift[]): Drift[][] {
  const groups = new Map<number | null, Drift[]>();
  for (const drift of drifts.filter(({ sql }) => sql.length > 0)) {
    const group = groups.get(drift.relation);
    if (group) group.push(drift);
    else groups.set(drift.relation, [drift]);
  }
  return [...groups].sort(([one], [other]) => (one ?? 0) - (other ?? 0)).map(([, group]) => group);
}

/** What was told of several things at once is done once. */
function statementsOf(audit: AuditDatabase, group: readonly Drift[]): string[] {
  const { borrow, giveBack } = lentRights(audit);
  return [...borrow, ...new Set(group.flatMap(({ sql }) => sql)), ...giveBack];
}

function script(audit: AuditDatabase, group: readonly Drift[]): string {
  return ["begin;", LOCK_TIMEOUT_SQL, ...statementsOf(audit, group), "commit;"].join("\n");
}

async function mendAll(audit: AuditDatabase, io: Io): Promise<{ mended: Drift[]; left: Drift[] }> {
  const tried: Drift[] = [];
  let found = await findDrift(audit);
  // Mending the installation can bring to light what it hid; what comes back twice will not go away.
  for (let turn = 0; turn < 3 && byTable(found).length > 0; turn++) {
    const oids = new Map((await listRelations(audit)).map(({ id, oid }) => [id, oid]));
    for (const group of byTable(found)) {
      await mend(audit, io, group, oids.get(group[0]?.relation ?? 0) ?? 0);
      tried.push(...group.filter((drift) => !tried.some((other) => isSame(drift, other))));
    }
    found = await findDrift(audit);
  }
  const left = found.filter(({ kind }) => severityOf(kind) !== "note");
  return { mended: tried.filter((drift) => !left.some((other) => isSame(drift, other))), left };
}

async function mend(audit: AuditDatabase, io: Io, group: readonly Drift[], oid: number): Promise<void> {
  const table = group[0]?.table ?? audit.installation.schema;
  await withLockRetries({ sql: audit.sql, io, table, oid }, () =>
    withTransaction(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (transaction) => {
      for (const statement of statementsOf(audit, group)) await transaction.unsafe(statement);
    }),
  );
}
