import type { RevertChoices } from "../commands/revertOptions.ts";
import { arrangeDifference, columnValue, isKept } from "../core/image.ts";
import { tableLabel } from "../core/name.ts";
import { isLost } from "../core/repair.ts";
import { type Reverted, type RevertTask, revertTransactions } from "../core/revert.ts";
import { safeText } from "../core/safe.ts";
import { namesInOrder } from "../core/shapes.ts";
import type { RepairTable } from "../db/carryOut.ts";
import type { TableChange } from "../db/changeRows.ts";
import { followRows } from "../db/followed.ts";
import type { AuditDatabase } from "../db/installation.ts";
import type { RepairOperation } from "../db/operation.ts";
import { droppedColumns, requireCoverage, unknownColumns } from "../db/past.ts";
import { readPatchTable } from "../db/patchTables.ts";
import { unknownTransaction } from "../db/references.ts";
import { listRelations, type Relation, resolveRelation } from "../db/registry.ts";
import { isHidden } from "../db/repairFacts.ts";
import { readShapes } from "../db/shapes.ts";
import { type FoundTransaction, findTransaction, listPruned } from "../db/transaction.ts";
import { listTouched } from "../db/transactionChanges.ts";
import { ExitCode, UserError } from "../errors.ts";
import type { ExtraFields } from "../output/json.ts";
import {
  conflictJson,
  conflictText,
  type LaterTransaction,
  laterJson,
  laterText,
  type TableConflict,
} from "../output/revert.ts";
import type { Instant, RowDifference } from "../types.ts";
import { type Obstacle, type RepairRequest, tellLost } from "./repair.ts";

/** What to take out, and what to say of it beside what is said of any. */
export interface TakeOut {
  /** Ids of transactions. */
  readonly ids: readonly string[];
  readonly words: object;
  readonly extra: ExtraFields;
}

/** So many conflicts, and so many later transactions, are told one by one; all of them are in the JSON. */
const told = 20;

/**
 * What it takes to take transactions out and keep what came later: per table the differences from what is to what shall be.
 * With mode cascade later transactions that came to the same rows are taken out as well, and those that came to theirs.
 */
export async function gatherTakeOut(
  audit: AuditDatabase,
  { ids, words, extra }: TakeOut,
  options: RevertChoices,
): Promise<RepairRequest> {
  const { mode = "stop" } = options;
  const only = options.table && (await resolveTables(audit, options.table));
  const found = new Map<string, FoundTransaction>();
  for (const id of ids) found.set(id, await requireTransaction(audit, id));
  for (;;) {
    const taken = await takeOut(audit, [...found.values()], only, options);
    const others = mode === "cascade" ? othersOf(taken).filter((tx) => !found.has(tx)) : [];
    if (others.length === 0) return requestOf(taken, { ids, words, extra }, [...found.keys()], options);
    for (const id of others) found.set(id, await requireTransaction(audit, id));
  }
}

async function resolveTables(audit: AuditDatabase, typed: readonly string[]): Promise<Relation[]> {
  const relations: Relation[] = [];
  for (const text of typed) relations.push(await resolveRelation(audit, text));
  return relations;
}

async function requireTransaction(audit: AuditDatabase, id: string): Promise<FoundTransaction> {
  const found = await findTransaction(audit, id);
  if (found === undefined) throw unknownTransaction(id);
  if (found.era.next !== undefined)
    throw new UserError(
      ExitCode.Inconclusive,
      `Transaction ${id} is of a former era: since then the database was restored from a dump, so what it did cannot be taken out by itself.`,
      { hint: "Put the rows back to how they were before it: audit restore <table> <key> --to <instant>" },
    );
  return found;
}

interface TakenTable {
  readonly relation: Relation;
  readonly table: RepairTable | undefined;
  readonly reverted: Reverted;
  readonly last: ReadonlyMap<string, TableChange>;
  readonly repairs: ReadonlyMap<string, RepairOperation>;
  readonly notes: readonly string[];
  readonly obstacles: readonly Obstacle[];
}

interface Taken {
  readonly tables: readonly TakenTable[];
  readonly notes: readonly string[];
  readonly obstacles: readonly Obstacle[];
}

async function takeOut(
  audit: AuditDatabase,
  found: readonly FoundTransaction[],
  only: readonly Relation[] | undefined,
  options: RevertChoices,
): Promise<Taken> {
  const touched = new Set<number>();
  for (const one of found) for (const id of await listTouched(audit, one)) touched.add(id);
  const all = await listRelations(audit);
  const relations = [...touched].flatMap((id) => all.find((relation) => relation.id === id) ?? []);
  const wanted = relations.filter(({ id }) => only === undefined || only.some((one) => one.id === id));
  const left = relations.filter((relation) => !wanted.includes(relation));
  const notes = left.map((relation) => `what was done to ${tableLabel(relation)} stays: it is not asked for`);
  for (const id of await listPruned(audit, found)) {
    const relation = all.find((one) => one.id === id);
    if (relation === undefined || (only && !only.some((one) => one.id === id))) continue;
    if (touched.has(id))
      throw new UserError(
        ExitCode.Inconclusive,
        `${tableLabel(relation)} was pruned past the beginning of what is to be taken out, so a part of it may be missing in the log.`,
        { hint: "Take out what was done to others: --table <tables>" },
      );
    notes.push(
      `${tableLabel(relation)} was pruned past the beginning of this: what was done to it, if anything was, is not known`,
    );
  }
  const tables: TakenTable[] = [];
  const obstacles: Obstacle[] = [];
  for (const relation of wanted) {
    const reason = relation.dropped
      ? "is gone"
      : relation.keyFrom === "none"
        ? "is audited without a key, so its rows cannot be told apart"
        : undefined;
    if (reason === undefined) tables.push(await takeOutOf(audit, relation, found, options));
    else
      obstacles.push({
        message: `${tableLabel(relation)} ${reason}: what was done to it cannot be taken back.`,
        hint: "Take out what was done to others: --table <tables>",
      });
  }
  if (only !== undefined && wanted.length === 0)
    notes.push(`nothing was done to ${only.map((relation) => tableLabel(relation)).join(", ")}`);
  return { tables, notes, obstacles };
}

async function takeOutOf(
  audit: AuditDatabase,
  relation: Relation,
  found: readonly FoundTransaction[],
  { mode, skipColumns }: RevertChoices,
): Promise<TakenTable> {
  const before = await firstInstant(audit, found);
  await requireCoverage(audit, relation, before);
  const followed = await followRows(audit, relation, found);
  const facts = await readPatchTable(audit, relation, present);
  const reasons = new Map(
    (await unknownColumns(audit, relation, before)).map(({ name, reason }) => [name, reason]),
  );
  const columns = facts.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const task: RevertTask = {
    ...followed,
    ...{ columns, keyColumns: facts.key, force: mode === "force" },
    reverted: new Set(found.map(({ tx }) => tx)),
    lost: new Set(columns.filter((name) => isLost(reasons.get(name)))),
  };
  const reverted = revertTransactions(task);
  const order = namesInOrder(await readShapes(audit, relation));
  const differences = reverted.differences.map((difference) => arrangeDifference(difference, order));
  const label = tableLabel(relation);
  const lost = [
    ...lostNames(task, reverted).map(
      (name) => `${safeText(name)} (${safeText(reasons.get(name) ?? "not kept")})`,
    ),
    ...(await droppedNames(audit, relation, { before, task })).map(
      (name) => `${safeText(name)} (dropped since)`,
    ),
  ];
  const told = tellLost(label, lost, skipColumns);
  const notes = [...told.notes];
  const obstacles = [...told.obstacles];
  for (const { tx, cleared } of task.transactions)
    if (cleared && task.reverted.has(tx))
      obstacles.push({
        message: `Transaction ${tx} truncated ${label}, and the rows that it lost were not recorded.`,
        hint: "Take out what was done to others: --table <tables>",
      });
  // Where something is to be done, the plan looks for itself.
  if (differences.length === 0 && (await isHidden(audit, relation)))
    obstacles.push({
      message: `Row-level security hides rows of ${label} from you, so what was done to it cannot be taken back.`,
      hint: "Run it as a role that sees all rows: the table's owner, or one with BYPASSRLS.",
    });
  const table = differences.length > 0 ? { ...facts, relation, differences } : undefined;
  const { last, repairs } = followed;
  return { ...{ relation, table, reverted, last, repairs }, notes, obstacles };
}

/** The present as the transaction's snapshot has it. */
const present: Instant = {
  ...{ typed: "now", at: "infinity", zone: "UTC", precision: "exact", tag: undefined },
};

/** When the first of them made its first change. */
async function firstInstant({ sql }: AuditDatabase, found: readonly FoundTransaction[]): Promise<Instant> {
  const [first] = await sql<{ at: string }[]>`
    select min(at::timestamptz)::text as at
    from unnest(${sql.array(
      found.map(({ firstAt }) => firstAt),
      25,
    )}::text[]) as begun (at)`;
  return { ...present, typed: "before", at: first?.at ?? "" };
}

/** Columns that stay, or get their defaults, though a transaction changed them. */
function lostNames({ columns, lost }: RevertTask, { differences, unknown }: Reverted): string[] {
  const anew = differences.filter(({ kind }) => kind === "inserted");
  return columns.filter(
    (column) =>
      unknown.includes(column) ||
      anew.some((difference) => {
        const value = difference.kind === "inserted" ? columnValue(difference.new, column) : undefined;
        return lost.has(column) || (value !== undefined && !isKept(value));
      }),
  );
}

/** Columns that are gone, where transactions that are reverted changed or deleted rows that had them. */
async function droppedNames(
  audit: AuditDatabase,
  relation: Relation,
  { before, task }: { readonly before: Instant; readonly task: RevertTask },
): Promise<string[]> {
  const dropped = await droppedColumns(audit, relation, before);
  if (dropped.length === 0) return [];
  const nets = task.transactions.filter(({ tx }) => task.reverted.has(tx)).flatMap(({ net }) => net);
  // What is recorded of them may have been left out with their names.
  return nets.some(({ kind }: RowDifference) => kind !== "inserted") ? dropped : [];
}

/** Transactions that stand in the way, or came to the same rows later. */
function othersOf({ tables }: Taken): string[] {
  return [
    ...new Set(
      tables.flatMap(({ reverted: { later, conflicts } }) => [
        ...later.keys(),
        ...conflicts.flatMap(({ by }) => by),
      ]),
    ),
  ];
}

function requestOf(
  taken: Taken,
  { ids, words, extra }: TakeOut,
  all: readonly string[],
  { mode = "stop", reason }: RevertChoices,
): RepairRequest {
  const conflicts = taken.tables.flatMap(({ relation: { schema, table }, reverted }) =>
    reverted.conflicts.map((conflict): TableConflict => ({ ...conflict, schema, table })),
  );
  const later = laterTransactions(taken, ids, all);
  const isStopped = conflicts.length > 0 && (mode === "stop" || mode === "cascade");
  const lead = ({ overwritten }: TableConflict) =>
    isStopped ? "conflict" : overwritten ? "overwritten" : "left alone";
  return {
    tables: taken.tables.flatMap(({ table }) => table ?? []),
    notes: [
      ...taken.notes,
      ...some(later.map(laterText)),
      ...some(conflicts.map((conflict) => `${lead(conflict)}: ${conflictText(conflict)}`)),
      ...taken.tables.flatMap(({ notes }) => notes),
    ],
    obstacles: [
      ...taken.obstacles,
      ...taken.tables.flatMap(({ obstacles }) => obstacles),
      ...(isStopped ? [conflictObstacle(conflicts)] : []),
    ],
    extra: {
      ...{ txs: all, mode, ...extra },
      later: later.map(laterJson),
      conflicts: conflicts.map(conflictJson),
    },
    words: { ...words, reverts: all, mode, ...(reason !== undefined && { reason }) },
    alsoHint: (table) =>
      `Revert the transactions that wrote these rows of ${table} as well, or change these rows first`,
  };
}

function some(texts: readonly string[]): string[] {
  const more = texts.length - told;
  return more > 0 ? [...texts.slice(0, told), `and ${more} more (see --json)`] : [...texts];
}

function conflictObstacle(conflicts: readonly TableConflict[]): Obstacle {
  const [first] = conflicts;
  const more = conflicts.length > 1 ? ` (and ${conflicts.length - 1} more, see the plan)` : "";
  return {
    message: `Others have since changed what is to be reverted: ${first ? conflictText(first) : ""}${more}.`,
    hint: "Leave that alone with --mode nonconflict, overwrite it with --mode force, or revert the others as well with --mode cascade.",
  };
}

/** Who came later, the earliest first: with cascade those that are reverted as well. */
function laterTransactions(
  { tables }: Taken,
  ids: readonly string[],
  all: readonly string[],
): LaterTransaction[] {
  const rows = new Map<string, number>();
  const last = new Map<string, TableChange>();
  for (const { reverted, last: own } of tables) {
    for (const [tx, count] of reverted.later) rows.set(tx, (rows.get(tx) ?? 0) + count);
    for (const [tx, change] of own) {
      const known = last.get(tx);
      if (known === undefined || BigInt(known.id) < BigInt(change.id)) last.set(tx, change);
    }
  }
  const others = [...new Set([...rows.keys(), ...all.filter((tx) => !ids.includes(tx))])];
  return others
    .flatMap((tx) => last.get(tx) ?? [])
    .sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1))
    .map(({ tx, at, actor, dbUser }) => ({
      ...{ tx, at, actor, dbUser, rows: rows.get(tx) ?? 0, reverted: all.includes(tx) },
      operation: tables.flatMap(({ repairs }) => repairs.get(tx) ?? []).at(0),
    }));
}
