import type { DisableOptions } from "../commands/disable.ts";
import { withTransaction } from "../connection/connect.ts";
import type { TableFacts } from "../core/auditable.ts";
import { formatTableName, tableLabel } from "../core/name.ts";
import { disableStatements } from "../db/capture.ts";
import { findTable, readTables } from "../db/catalog.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, LOCK_TIMEOUT_SQL, withLockRetries, withRunLock } from "../db/lock.ts";
import { findRelation, listRelations, type Relation, resolveRelation } from "../db/registry.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { type EnabledRow, enabledJson, enabledText } from "../output/enabled.ts";
import { lookOf } from "../output/look.ts";
import { createProgress } from "../output/progress.ts";

/** Stops auditing tables; their history stays. Disabling what is not enabled is harmless. */
export async function runDisable(options: DisableOptions, io: Io): Promise<void> {
  if (options.tables.length > 0 === (options.all === true)) {
    throw usageError(
      options.all
        ? "Tables are named and --all is given; only one of them can be meant."
        : "No table is named.",
      "Write audit disable <table>, or --all for every audited table.",
    );
  }
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const { relations, strangers } = await findTargets(audit, options);
    if (options.dryRun) {
      for (const relation of relations.filter(({ enabled }) => enabled)) {
        await io.out(
          `${["begin;", LOCK_TIMEOUT_SQL, ...(await disableStatements(audit, relation)), "commit;"].join("\n")}\n\n`,
        );
      }
      return;
    }
    const disabled = await withRunLock(audit.sql, audit.installation.schema, () =>
      disableAll(audit, relations, io),
    );
    const untouched = strangers.map(({ schema, table }) => notAudited(schema, table, NEVER));
    const rows = [...disabled, ...untouched];
    await io.out(options.json ? enabledJson(rows) : await enabledText(rows, lookOf(io)));
  });
}

const NEVER = "was not audited";

function notAudited(schema: string, table: string, detail: string): EnabledRow {
  return { schema, table, did: "unchanged", detail };
}

interface Targets {
  readonly relations: readonly Relation[];
  /** Named, there, and never audited: nothing to do. */
  readonly strangers: readonly TableFacts[];
}

async function findTargets(audit: AuditDatabase, options: DisableOptions): Promise<Targets> {
  if (options.all) {
    const relations = (await listRelations(audit)).filter(({ enabled, dropped }) => enabled && !dropped);
    return { relations, strangers: [] };
  }
  const relations: Relation[] = [];
  const strangers: TableFacts[] = [];
  for (const table of options.tables) {
    const oid = await findTable(audit.sql, table, audit.searchPath);
    const [facts] = oid === undefined ? [] : await readTables(audit.sql, [oid]);
    const known = oid === undefined ? undefined : await findRelation(audit, oid);
    if (facts && !known) {
      strangers.push(facts);
      continue;
    }
    if (facts && known && known.oid !== facts.oid) {
      throw usageError(
        `${tableLabel(facts)} is a partition; it is audited with the whole table.`,
        `Disable that: audit disable ${tableLabel(known)}`,
      );
    }
    relations.push(known ?? (await resolveRelation(audit, formatTableName(table))));
  }
  return { relations, strangers };
}

async function disableAll(
  audit: AuditDatabase,
  relations: readonly Relation[],
  io: Io,
): Promise<EnabledRow[]> {
  const { sql } = audit;
  const progress = createProgress(io, "disabling");
  const rows: EnabledRow[] = [];
  for (const [index, relation] of relations.entries()) {
    const name = tableLabel(relation);
    progress.step(index, relations.length, name);
    const row = { schema: relation.schema, table: relation.table };
    if (!relation.enabled) {
      rows.push(notAudited(row.schema, row.table, relation.dropped ? "the table is gone" : NEVER));
      continue;
    }
    await withLockRetries({ sql, io, table: name, oid: relation.oid }, () =>
      withTransaction(sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (transaction) => {
        for (const statement of await disableStatements({ ...audit, sql: transaction }, relation))
          await transaction.unsafe(statement);
      }),
    );
    rows.push({ ...row, did: "disabled", detail: "what was recorded stays: audit history" });
  }
  progress.end();
  return rows;
}
