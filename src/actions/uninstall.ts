import type { UninstallOptions } from "../commands/uninstall.ts";
import { withTransaction } from "../connection/connect.ts";
import { quoteIdentifier } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { uninstallSteps } from "../db/install.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries, withRunLock } from "../db/lock.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { createProgress } from "../output/progress.ts";

/** Takes all triggers off, one table per transaction, and removes schema, log and roles. */
export async function runUninstall(options: UninstallOptions, io: Io): Promise<void> {
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const { sql, installation, database } = audit;
    const schema = quoteIdentifier(installation.schema);
    if (!options.dryRun) await requireConsent(audit, options.confirm);
    const { tables, script } = await uninstallSteps(audit);
    if (options.dryRun) {
      const perTable = tables.map(({ statements }) =>
        ["begin;", LOCK_TIMEOUT_SQL, ...statements, "commit;"].join("\n"),
      );
      await io.out(`${[...perTable, "begin;", script, "commit;"].join("\n")}\n`);
      return;
    }
    await withRunLock(sql, installation.schema, async () => {
      const progress = createProgress(io, "releasing");
      for (const [index, { name, oid, statements }] of tables.entries()) {
        progress.step(index, tables.length, name);
        await withLockRetries({ sql, io, table: name, oid }, () =>
          withTransaction(sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (transaction) => {
            for (const statement of statements) await transaction.unsafe(statement);
          }),
        );
      }
      progress.end();
      await withTransaction(sql, {}, (transaction) => transaction.unsafe(script));
    });
    const removed = { schema: installation.schema, database, tables: tables.length };
    await io.out(
      options.json
        ? jsonDocument([removed])
        : `Removed the audit trail from schema ${schema}; ${tables.length} ${tables.length === 1 ? "table is" : "tables are"} as before.\n`,
    );
  });
}

async function requireConsent(
  { sql, object, installation, database }: AuditDatabase,
  confirm: string | undefined,
): Promise<void> {
  const [log] = await sql<{ any: boolean }[]>`select exists (select from ${object("change")}) as any`;
  if (confirm === undefined) {
    if (!log?.any) return;
    throw usageError(
      `Schema ${quoteIdentifier(installation.schema)} of database "${safeText(database)}" holds recorded history, which would be lost.`,
      `If that is meant: audit uninstall --confirm ${safeText(database)}`,
    );
  }
  if (confirm !== database) {
    throw usageError(
      `--confirm names "${safeText(confirm)}", but this is database "${safeText(database)}".`,
      "Nothing was changed.",
    );
  }
}
