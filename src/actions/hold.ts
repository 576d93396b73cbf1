import type { HoldAddOptions, HoldLiftOptions, HoldListOptions } from "../commands/hold.ts";
import { withTransaction } from "../connection/connect.ts";
import type { LegalHold } from "../core/legalHold.ts";
import { resolveZone } from "../core/zone.ts";
import {
  findHold,
  type HoldRow,
  liftStatements,
  listHolds,
  placeStatements,
  requireFreeName,
} from "../db/holdRegister.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { LOCK_TIMEOUT_MS, withLockRetries } from "../db/lock.ts";
import { withReading } from "../db/reading.ts";
import { resolveKey, resolveRelation } from "../db/registry.ts";
import { requireZone } from "../db/zone.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { coverText, holdColumns, holdJson, holdRow } from "../output/holds.ts";
import { jsonDocument } from "../output/json.ts";

/** Places a hold. It does not wait for a prune that is at work: from the moment it is placed nothing it covers goes. */
export async function runHoldAdd(options: HoldAddOptions, io: Io): Promise<void> {
  const { name, reason } = options;
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const hold = await settleHold(audit, options);
    await requireFreeName(audit, name);
    const statements = placeStatements(audit.installation.schema, hold, reason);
    if (options.dryRun) return printStatements(statements, io);
    const placed = await writeHold(audit, options, io, async (within) => {
      // A second one of the name may have come in between; whoever writes waits for the other to end.
      await within.sql`lock table ${within.object("hold")} in share row exclusive mode`;
      await requireFreeName(within, name);
      for (const statement of statements) await within.sql.unsafe(statement);
      return findHold(within, name);
    });
    if (options.json) return io.out(jsonDocument([holdJson(placed)]));
    await io.out(
      `Hold ${name} is placed on ${coverText(placed)}. Prune passes over them until: audit hold lift ${name} --reason <text>\n`,
    );
  });
}

/** Lifts a hold: from the next prune on what it kept goes by its retention. */
export async function runHoldLift(options: HoldLiftOptions, io: Io): Promise<void> {
  const { name, reason } = options;
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const hold = await findHold(audit, name);
    const statements = liftStatements(audit.installation.schema, hold, reason);
    if (options.dryRun) return printStatements(statements, io);
    const lifted = await writeHold(audit, options, io, async (within) => {
      await within.sql`lock table ${within.object("hold")} in share row exclusive mode`;
      await findHold(within, name);
      for (const statement of statements) await within.sql.unsafe(statement);
      const former = (await listHolds(within, { all: true })).filter((one) => one.name === name);
      return former.at(-1) ?? hold;
    });
    if (options.json) return io.out(jsonDocument([holdJson(lifted)]));
    await io.out(
      `Hold ${name} on ${coverText(lifted)} is lifted: retention holds for them from the next audit prune on.\n`,
    );
  });
}

/** Lists the holds in force, or all there ever were. */
export async function runHoldList(options: HoldListOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const holds = await listHolds(audit, options);
    const columns = holdColumns(options.all === true);
    const row = holdRow({ zone, width: io.width, all: options.all === true });
    await writeAnswer({ batches: [holds], extra: {}, json: holdJson, columns, row }, options, io);
    if (holds.length === 0) io.err("There is no hold. Place one with: audit hold add <name>\n");
  });
}

async function settleHold(
  audit: AuditDatabase,
  { name, table, key, actor }: HoldAddOptions,
): Promise<LegalHold> {
  const relation = table === undefined ? undefined : await resolveRelation(audit, table);
  return {
    name,
    relation: relation?.id ?? null,
    key: relation && key ? await resolveKey(audit, relation, key) : null,
    actor: actor ?? null,
  };
}

/** Writes to the holds in one transaction, however prune is at work: it lets everybody pass between two batches. */
async function writeHold(
  audit: AuditDatabase,
  { tz }: HoldAddOptions,
  io: Io,
  write: (within: AuditDatabase) => Promise<HoldRow>,
): Promise<HoldRow> {
  const zone = resolveZone(tz, io.env);
  const [table] = await audit.sql<{ oid: number }[]>`
    select class.oid::integer as oid
    from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = ${audit.installation.schema} and class.relname = 'hold'`;
  return withLockRetries({ sql: audit.sql, io, table: "The list of holds", oid: table?.oid ?? 0 }, () =>
    withTransaction(audit.sql, { lockTimeoutMs: LOCK_TIMEOUT_MS }, async (sql) => {
      if (tz !== undefined) await requireZone(sql, zone);
      return write({ ...audit, sql });
    }),
  );
}

async function printStatements(statements: readonly string[], io: Io): Promise<void> {
  await io.out(`${["begin;", ...statements, "commit;"].join("\n")}\n`);
}
