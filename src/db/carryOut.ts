import { sqlStateOf, translateFailure } from "../connection/failure.ts";
import { quoteIdentifier, tableLabel } from "../core/name.ts";
import type { Patch, PatchStep, PatchTable } from "../core/patch.ts";
import { type PatchStatement, patchSettings, stepStatements } from "../core/patchStatements.ts";
import { inParts } from "../core/patchTerms.ts";
import { type Deviation, deviationsOf, keysOf, keysToBe } from "../core/repair.ts";
import { escapeControls } from "../core/safe.ts";
import { switchStatement } from "../core/switchedTrigger.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";
import type { Image } from "../types.ts";
import type { AuditDatabase } from "./installation.ts";
import type { Relation } from "./registry.ts";
import { type OwnTrigger, presentSource } from "./repairFacts.ts";

/** A table of a patch with what the registry knows of it. */
export interface RepairTable extends PatchTable {
  readonly relation: Relation;
}

/** Statements that were not carried out, or not in the way planned. */
export interface Outcome {
  /** Rows that did not become what they were to. */
  readonly deviations: readonly (Deviation & { readonly table: RepairTable })[];
  /** Rows that changed beside those planned, by table and operation, as far as the log tells. */
  readonly others: readonly OtherChanges[];
}

/** Rows that triggers or foreign keys changed beside those of the plan. */
export interface OtherChanges {
  readonly schema: string;
  readonly table: string;
  readonly insert: number;
  readonly update: number;
  readonly delete: number;
}

/** Statements of no more than so many rows go to the server at once. */
const AT_ONCE = 100;

/**
 * Carries a patch out within the open transaction, which is to be REPEATABLE READ: whoever wrote to one of its rows
 * since its snapshot makes this fail (exit 5). Triggers that are to rest are switched off for the while. Then looks
 * whether the rows are what they were to become. The caller's path is in force meanwhile, for triggers that rely on it.
 */
export async function carryOut(
  audit: AuditDatabase,
  tables: readonly RepairTable[],
  patch: Patch,
  resting: readonly OwnTrigger[],
): Promise<Outcome> {
  const { sql } = audit;
  const named = (table: string) => (error: unknown) => {
    throw failureOf(error, table);
  };
  // A policy that would hide rows is to be an error.
  await sql`select set_config('row_security', 'off', true)`;
  await sql.unsafe(patchSettings.join("\n"));
  await switchOff(audit, resting);
  await withCallersPath(audit, async () => {
    await sql.unsafe("set constraints all deferred");
    for (const step of patch.steps) await carryOutStep(audit, step).catch(named(labelOf(step.table)));
    await sql.unsafe("set constraints all immediate").catch(named("What is checked last"));
  });
  for (const trigger of resting)
    await sql.unsafe(switchStatement(trigger, true)).catch(named(labelOf(trigger)));
  const deviations: (Deviation & { table: RepairTable })[] = [];
  for (const table of tables)
    for await (const deviation of deviationsIn(audit, table)) deviations.push({ ...deviation, table });
  return { deviations, others: await otherChanges(audit, tables) };
}

/** A part of the rows at a time, since what is there now comes beside what was wanted. */
async function* deviationsIn(audit: AuditDatabase, table: RepairTable): AsyncGenerator<Deviation> {
  const wanted = keysToBe(table.differences);
  for (const differences of inParts(table.differences)) {
    const found = await presentImages(audit, table.relation, keysOf(differences));
    yield* deviationsOf({ ...table, differences }, found, wanted);
  }
}

/** Who waits for such a lock has everybody wait behind him: not for long. */
async function switchOff({ sql }: AuditDatabase, resting: readonly OwnTrigger[]): Promise<void> {
  const [former] = await sql<{ timeout: string }[]>`
    select current_setting('lock_timeout') as timeout, set_config('lock_timeout', '1s', true)`;
  for (const trigger of resting)
    await sql.unsafe(switchStatement(trigger, false)).catch((error) => {
      throw failureOf(error, labelOf(trigger));
    });
  await sql`select set_config('lock_timeout', ${former?.timeout ?? "0"}, true)`;
}

async function carryOutStep({ sql }: AuditDatabase, step: PatchStep): Promise<void> {
  for (const batch of batchesOf(stepStatements(step, "qualified"))) {
    const answer = await sql.unsafe(batch.map(({ lines }) => lines.join("\n")).join("\n"));
    const results = (batch.length === 1 ? [answer] : answer) as unknown as { count: number }[];
    batch.forEach(({ rows, lines }, index) => {
      const count = results[index]?.count ?? 0;
      // Fewer may still come to the same, by a foreign key's action: that is looked at in the end.
      if (count > rows)
        throw refusal(
          `${labelOf(step.table)}: a statement changed ${count} rows instead of ${rows}, so its key does not tell them apart; nothing was changed: ${escapeControls(lines[0] ?? "")}`,
        );
    });
  }
}

/** Statements with anything to do, as they go to the server together. */
function batchesOf(statements: readonly PatchStatement[]): PatchStatement[][] {
  const batches: PatchStatement[][] = [];
  let room = 0;
  for (const statement of statements) {
    if (statement.lines.length === 0) continue;
    room -= statement.rows;
    const batch = batches.at(-1);
    if (batch && room >= 0) batch.push(statement);
    else {
      batches.push([statement]);
      room = AT_ONCE - statement.rows;
    }
  }
  return batches;
}

/** Ours comes first, whatever the caller's path says: types and functions in statements are the server's own. */
async function withCallersPath({ sql, searchPath }: AuditDatabase, work: () => Promise<void>): Promise<void> {
  const path = ["pg_catalog", ...searchPath.filter((schema) => schema !== "pg_catalog"), "pg_temp"];
  const [former] = await sql<{ path: string }[]>`select current_setting('search_path') as path`;
  await sql`select set_config('search_path', ${path.map(quoteIdentifier).join(", ")}, true)`;
  await work();
  await sql`select pg_catalog.set_config('search_path', ${former?.path ?? "pg_catalog, pg_temp"}, true)`;
}

/** The rows that are there now under keys, without the columns of these attribute numbers. */
export async function presentImages(
  audit: AuditDatabase,
  relation: Relation,
  keys: readonly string[],
  hidden: readonly number[] = [],
): Promise<Map<string, Image>> {
  const { sql, object } = audit;
  const [made] = await sql<{ key: string; image: string }[]>`
    select
      ${object("_key_expression")}(${relation.oid}::oid, ${sql.array([...relation.keyColumns], 21)}::smallint[], 'live.') as key,
      ${object("_row_image_expression")}(${relation.oid}::oid, ${sql.array([...hidden], 21)}::smallint[], 'live.') as image`;
  const rows = await sql.unsafe<{ key: string; image: string }[]>(
    `select ${made?.key} as key, (${made?.image})::text as image from ${await presentSource(audit, relation)}`,
    [JSON.stringify(keys)],
  );
  return new Map(rows.map(({ key, image }) => [key, JSON.parse(image) as Image]));
}

/** What this transaction recorded that is not in the plan. Held against it here: the server would try each pair. */
async function otherChanges(
  { sql, object }: AuditDatabase,
  tables: readonly RepairTable[],
): Promise<OtherChanges[]> {
  const planned = new Map(
    tables.map(({ relation, differences }) => [relation.id, new Set(keysOf(differences))]),
  );
  const others = new Map<number, { schema: string; table: string } & Record<OtherOp, number>>();
  const query = sql<Recorded[]>`
    select relation.id as relation, relation.schema_name as schema, relation.table_name as table,
      change.op, change.key, change.old_key as "oldKey"
    from ${object("change")} as change
    join ${object("relation")} as relation on relation.id = change.relation
    where change.at >= transaction_timestamp() - interval '1 minute' and change.xid = pg_current_xact_id()
    order by 2, 3`;
  for await (const batch of query.cursor(500))
    for (const { relation, schema, table, op, key, oldKey } of batch) {
      const keys = planned.get(relation);
      if (keys?.has(key ?? "") || keys?.has(oldKey ?? "")) continue;
      const counts = others.get(relation) ?? { schema, table, insert: 0, update: 0, delete: 0 };
      others.set(relation, counts);
      counts[otherOps[op] ?? "delete"]++;
    }
  return [...others.values()];
}

type OtherOp = "insert" | "update" | "delete";

const otherOps: Readonly<Record<string, OtherOp>> = { I: "insert", U: "update" };

interface Recorded {
  readonly relation: number;
  readonly schema: string;
  readonly table: string;
  readonly op: string;
  readonly key: string | null;
  readonly oldKey: string | null;
}

/** The server's refusal of a statement, with the table it was about, and the row where the server names it. */
function failureOf(error: unknown, table: string): unknown {
  const state = sqlStateOf(error);
  if (state === undefined || !(error instanceof Error)) return error;
  if (state === "40001" || state === "40P01")
    return refusal(
      `${table}: somebody wrote to the same rows meanwhile, so nothing was changed.`,
      "Run the command again: the plan is made anew.",
    );
  const known = translateFailure(error);
  if (known instanceof UserError && known.exitCode === ExitCode.Surroundings) return known;
  if (state === "55P03") return known;
  const { detail } = error as { detail?: string };
  const said = [error.message, detail].filter((part) => part !== undefined && part !== "").join(": ");
  return new UserError(
    ExitCode.Refused,
    `${table}: the server refuses it, so nothing was changed: ${escapeControls(said).replace(/\.*$/, ".")}`,
    { hint: hintOf(state), detail: `SQLSTATE ${state}`, cause: error },
  );
}

function hintOf(state: string): string | undefined {
  if (state === "23503")
    return "A row that these refer to is gone, or one that refers to these would stay: have it put back as well; audit history tells what became of it.";
  if (state === "23505" || state === "23P01")
    return "Another row has that value by now: restore that one as well, or change it first. Where rows of the plan exchange such values, put them back one after the other.";
  if (state === "23502") return "A value that is needed is not known; see audit status on what is recorded.";
  return undefined;
}

function labelOf({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return tableLabel({ schema, table });
}
