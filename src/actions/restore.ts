import type { RestoreOptions } from "../commands/restore.ts";
import { resolveColumns } from "../core/columns.ts";
import { arrangeDifference } from "../core/image.ts";
import { tableLabel } from "../core/name.ts";
import { inverted, isFeasible, isLost, keysOf, lostColumns, narrowed } from "../core/repair.ts";
import { safeText } from "../core/safe.ts";
import { namesInOrder } from "../core/shapes.ts";
import type { RepairTable } from "../db/carryOut.ts";
import { streamDifferences } from "../db/differences.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { droppedColumns, keysWhere, unknownColumns } from "../db/past.ts";
import { readPatchTable } from "../db/patchTables.ts";
import { findNamedRelation, type Relation, resolveKey, resolveRelation } from "../db/registry.ts";
import { readShapes } from "../db/shapes.ts";
import { refusal, usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { instantJson } from "../output/instant.ts";
import type { Instant, RowDifference } from "../types.ts";
import { type Obstacle, type RepairRequest, runRepair, tellLost } from "./repair.ts";

/** Puts rows, a row or some of its columns back to how they were at an instant: the plan, or with --apply the deed. */
export async function runRestore(options: RestoreOptions, io: Io): Promise<void> {
  await runRepair("restore", options, io, (audit) => gather(audit, options, io));
}

/** What is to be restored: tables, of which a single one may be narrowed to a row. */
interface Target {
  readonly relations: readonly Relation[];
  readonly key: string | undefined;
}

async function gather(audit: AuditDatabase, options: RestoreOptions, io: Io): Promise<RepairRequest> {
  const target = await settleTarget(audit, options);
  const narrowing = options.where !== undefined ? "--where" : options.columns && "--columns";
  if (narrowing && target.relations.length > 1)
    throw usageError(
      `${narrowing} narrows one table, and ${target.relations.map(tableLabel).join(", ")} are named.`,
      "Restore that table by itself, parents before children.",
    );
  const instant = await settleInstant(audit, options.to, options, io);
  const now = { ...instant, ...present };
  const tables: RepairTable[] = [];
  const notes: string[] = [];
  const obstacles: Obstacle[] = [];
  for (const relation of target.relations) {
    if (relation.dropped)
      throw refusal(
        `${tableLabel(relation)} is gone, so nothing can be put back into it.`,
        "Make the table anew and audit it; its former rows are in the log: audit history",
      );
    const found = await tableOf(audit, relation, { instant, now }, { ...options, key: target.key });
    tables.push(found.table);
    notes.push(...found.notes);
    obstacles.push(...found.obstacles);
  }
  const [only, second] = target.relations;
  return {
    ...{ tables, notes, obstacles },
    extra: {
      ...(only && second === undefined ? { schema: only.schema, table: only.table } : {}),
      to: instantJson(instant),
    },
    words: {
      tables: target.relations.map(({ schema, table }) => ({ schema, table })),
      to: options.to.typed,
      at: instant.at,
      ...(target.key !== undefined && { key: target.key }),
      ...(options.where !== undefined && { where: options.where }),
      ...(options.columns !== undefined && { columns: options.columns }),
      ...(options.reason !== undefined && { reason: options.reason }),
    },
  };
}

/** Arguments after the first are tables where each of them names one that is audited; else they are a key. */
async function settleTarget(audit: AuditDatabase, { table, key }: RestoreOptions): Promise<Target> {
  const first = await resolveRelation(audit, table);
  if (key.length === 0) return { relations: [first], key: undefined };
  const others: Relation[] = [];
  for (const text of key) {
    const relation = await findNamedRelation(audit, text);
    if (relation) others.push(relation);
  }
  if (others.length < key.length) return { relations: [first], key: await resolveKey(audit, first, key) };
  const relations = [first, ...others];
  return {
    relations: relations.filter(
      (relation, place) => relations.findIndex(({ id }) => id === relation.id) === place,
    ),
    key: undefined,
  };
}

/** The present as the transaction's snapshot has it: nothing that is visible there is later, whatever the clock says. */
const present = { typed: "now", at: "infinity", tag: undefined } as const;

interface Found {
  readonly table: RepairTable;
  readonly notes: readonly string[];
  readonly obstacles: readonly Obstacle[];
}

async function tableOf(
  audit: AuditDatabase,
  relation: Relation,
  { instant, now }: { readonly instant: Instant; readonly now: Instant },
  {
    key,
    where,
    columns: patterns,
    skipColumns,
  }: Pick<RestoreOptions, "where" | "columns" | "skipColumns"> & {
    readonly key: string | undefined;
  },
): Promise<Found> {
  const order = namesInOrder(await readShapes(audit, relation));
  const facts = await readPatchTable(audit, relation, instant);
  let differences: RowDifference[] = [];
  for await (const batch of streamDifferences(audit, relation, { from: instant, to: now }, key))
    differences.push(...batch.map((difference) => arrangeDifference(inverted(difference), order)));
  if (where !== undefined)
    differences = await narrowedTo(audit, relation, { instant, now }, where, differences);
  const names = facts.columns.map(({ name }) => name);
  const chosen = patterns === undefined ? undefined : chooseColumns(relation, patterns, names);
  const notes: string[] = [];
  const label = tableLabel(relation);
  if (chosen) {
    const whole = differences.filter(({ kind }) => kind !== "changed").length;
    if (whole > 0)
      notes.push(
        `${whole} ${whole === 1 ? "row" : "rows"} of ${label} came or went since, and --columns leaves them alone`,
      );
    differences = differences.flatMap((difference) => narrowed(difference, chosen, facts.key) ?? []);
  }
  const unknown = await unknownColumns(audit, relation, instant);
  const reasons = new Map(unknown.map(({ name, reason }) => [name, reason]));
  const table: RepairTable = { ...facts, relation, differences };
  const feasible = { ...table, differences: differences.filter(isFeasible) };
  const named = (name: string) => `${safeText(name)} (${safeText(reasons.get(name) ?? "not kept")})`;
  // A column that is asked for by name is of account even where nothing is seen to differ.
  const lost = [
    ...new Set([
      ...lostColumns(table, (name) => isLost(reasons.get(name))),
      ...(chosen ?? []).filter((name) => reasons.has(name)),
      ...(differences.length === 0 ? [] : names.filter((name) => wasRemade(reasons.get(name)))),
    ]),
  ]
    .filter((name) => chosen === undefined || chosen.includes(name))
    .map(named);
  if (chosen === undefined && differences.length > 0)
    lost.push(
      ...(await droppedColumns(audit, relation, instant)).map((name) => `${safeText(name)} (dropped since)`),
    );
  const told = tellLost(label, lost, skipColumns);
  return {
    table: told.obstacles.length === 0 ? feasible : table,
    notes: [...notes, ...told.notes],
    obstacles: told.obstacles,
  };
}

/** Whether the column is no longer what it was. */
function wasRemade(reason: string | undefined): boolean {
  return isLost(reason) && reason !== "redacted" && reason !== "excluded from auditing";
}

function chooseColumns(relation: Relation, patterns: readonly string[], names: readonly string[]): string[] {
  const { columns } = resolveColumns(patterns, names, {
    flag: "--columns",
    table: tableLabel(relation),
    keyColumns: [],
  });
  return [...columns];
}

/** The differences of rows for which a condition held then; of rows that were not there then, for which it holds now. */
async function narrowedTo(
  audit: AuditDatabase,
  relation: Relation,
  { instant, now }: { readonly instant: Instant; readonly now: Instant },
  where: string,
  differences: readonly RowDifference[],
): Promise<RowDifference[]> {
  const keys = keysOf(differences);
  const then = await keysWhere(audit, relation, instant, where, keys);
  const today = await keysWhere(audit, relation, now, where, keys);
  return differences.filter(({ kind, key }) => (kind === "deleted" ? today : then).has(key ?? ""));
}
