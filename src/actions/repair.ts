import type { RepairOptions } from "../commands/repairOptions.ts";
import { withRollback, withTransaction } from "../connection/connect.ts";
import { countDifference, noDifferences } from "../core/diffCounts.ts";
import { withoutIdleChains } from "../core/moves.ts";
import { tableLabel } from "../core/name.ts";
import { planPatch, writesOf } from "../core/patch.ts";
import { keysOf, sequenceMoves } from "../core/repair.ts";
import { resolveZone } from "../core/zone.ts";
import { carryOut, type Outcome, type RepairTable } from "../db/carryOut.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { type NotedOperation, noteOperation, type RepairKind, setOrigin } from "../db/operation.ts";
import {
  isHidden,
  moveSequence,
  type OwnTrigger,
  readDependents,
  readSequences,
  readTriggers,
} from "../db/repairFacts.ts";
import { preferZone, requireZone } from "../db/zone.ts";
import { ExitCode, refusal, UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import type { ExtraFields } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { findingText, type RepairPlan, repairJson, repairScript, repairText } from "../output/repair.ts";
import type { RowDifference } from "../types.ts";

/** What is to be put back: of each table the differences from what is to what shall be. */
export interface RepairRequest {
  readonly tables: readonly RepairTable[];
  /** What has to be said of what is left alone. */
  readonly notes: readonly string[];
  /** Sentences why it cannot be done as asked, each with what to do instead. */
  readonly obstacles: readonly Obstacle[];
  /** What a document says of the whole. */
  readonly extra: ExtraFields;
  /** What is noted of the operation beside its counts. */
  readonly words: object;
  /** What to do where rows of a table refer to rows that are to go; undefined means to name the table as well. */
  readonly alsoHint?: ((table: string) => string) | undefined;
}

/** Why something cannot be done as asked. */
export interface Obstacle {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What has to be said of columns of a table whose former values are not known: a note where they may be skipped. */
export function tellLost(
  label: string,
  lost: readonly string[],
  skipColumns: boolean | undefined,
): Pick<RepairRequest, "notes" | "obstacles"> {
  if (lost.length === 0) return { notes: [], obstacles: [] };
  const sentence = `${lost.length === 1 ? "column" : "columns"} of ${label} cannot be put back: ${lost.join(", ")}`;
  if (skipColumns) return { notes: [sentence], obstacles: [] };
  return {
    notes: [],
    obstacles: [
      {
        message: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
        hint: "Put the others back with --skip-columns: these stay as they are, and in rows that are inserted as the table's defaults make them.",
      },
    ],
  };
}

/** Thrown to leave the transaction without a trace, with the plan, and what refused it if that is not an obstacle in it. */
class Unfit extends Error {
  readonly plan: RepairPlan;
  readonly refused: UserError | undefined;

  constructor(plan: RepairPlan, refused?: UserError) {
    super("the plan is not fit to be carried out");
    this.plan = plan;
    this.refused = refused;
  }
}

/** What is seen of a plan that the server refused on the way. */
const nothingSeen: Outcome = { deviations: [], others: [] };

function isRefusal(error: unknown): error is UserError {
  return error instanceof UserError && error.exitCode === ExitCode.Refused;
}

/**
 * Plans what `gather` asks for and carries it out in one transaction of one snapshot: for good with --apply, else to see
 * that it works, and takes it back. Prints the plan, or what was done. Exit 5, with nothing changed, where something
 * stands against it.
 */
export async function runRepair(
  kind: RepairKind,
  options: RepairOptions,
  io: Io,
  gather: (audit: AuditDatabase) => Promise<RepairRequest>,
): Promise<void> {
  const zone = resolveZone(options.tz, io.env);
  const around = options.apply ? withTransaction : withRollback;
  const { plan, refused } = await withAudit({ ...options, writes: true }, io, async (audit) => {
    try {
      const plan = await around(audit.sql, { isolation: "repeatable read" }, async (sql) => {
        // One that nobody asked for, and only this machine knows, is passed over.
        await (options.tz === undefined ? preferZone : requireZone)(sql, zone);
        const within = { ...audit, sql };
        return carryOutRequest(within, kind, needed(await gather(within)), options);
      });
      return { plan, refused: undefined };
    } catch (error) {
      if (error instanceof Unfit) return error;
      throw error;
    }
  });
  // A script that the server refuses is of no use.
  if (refused === undefined || options.output !== "sql") await io.out(planText(plan, options, io));
  if (refused) throw refused;
  const [first, ...more] = plan.obstacles;
  if (first === undefined) return;
  throw refusal(
    [first.message, ...more.map(({ message }) => message)].join("\n"),
    [...new Set([first, ...more].flatMap(({ hint }) => hint ?? []))].join("\n") || undefined,
  );
}

/** The request without what is as it shall be already. */
function needed(request: RepairRequest): RepairRequest {
  const tables = request.tables.map((table) => ({
    ...table,
    differences: withoutIdleChains(table.differences),
  }));
  return { ...request, tables };
}

function planText(plan: RepairPlan, options: RepairOptions, io: Io): string {
  if (options.json) return repairJson(plan);
  if (options.output === "sql") return repairScript(plan);
  const text = repairText(plan, lookOf(io, options));
  return options.dryRun ? `${text}\n${repairScript(plan)}` : text;
}

async function carryOutRequest(
  audit: AuditDatabase,
  kind: RepairKind,
  request: RepairRequest,
  options: RepairOptions,
): Promise<RepairPlan> {
  const plan = await planOf(audit, kind, request, options);
  if (plan.obstacles.length > 0) throw new Unfit(plan);
  if (plan.tables.length === 0) return plan;
  const operation = options.apply ? await note(audit, kind, request, plan) : undefined;
  await setOrigin(audit, { ...options, operation: operation?.id });
  const resting = plan.triggers.filter(({ fires }) => !fires).map(({ trigger }) => trigger);
  const outcome = await carryOut(audit, request.tables, plan.patch, resting).catch((error) => {
    if (!isRefusal(error)) throw error;
    throw new Unfit({ ...plan, outcome: nothingSeen, obstacles: [error] }, error);
  });
  const seen = { ...plan, outcome, obstacles: sideEffects(outcome, options) };
  if (seen.obstacles.length > 0) throw new Unfit(seen);
  if (operation === undefined) return seen;
  // Last of all: a sequence knows no rollback.
  for (const move of plan.sequences.filter(({ movable }) => movable)) await moveSequence(audit, move);
  return { ...seen, operation };
}

async function planOf(
  audit: AuditDatabase,
  kind: RepairKind,
  { tables: asked, notes, obstacles, extra, alsoHint = nameAsWell }: RepairRequest,
  options: RepairOptions,
): Promise<RepairPlan> {
  const tables = asked.filter(({ differences }) => differences.length > 0);
  const found: Obstacle[] = [...obstacles, ...(await replicaObstacles(audit, tables))];
  const triggers: RepairPlan["triggers"][number][] = [];
  const dependents: RepairPlan["dependents"][number][] = [];
  const sequences: RepairPlan["sequences"][number][] = [];
  const patch = planPatch(tables);
  for (const table of tables) {
    const { relation, differences } = table;
    if (await isHidden(audit, relation))
      found.push({
        message: `Row-level security hides rows of ${tableLabel(relation)} from you, so it cannot be put back as a whole.`,
        hint: "Run it as a role that sees all rows: the table's owner, or one with BYPASSRLS.",
      });
    const events = writesOf(patch, table.oid);
    for (const trigger of await readTriggers(audit, relation)) {
      if (!trigger.events.some((event) => events.has(event))) continue;
      const fires = options.triggers !== "skip" || trigger.records;
      triggers.push({ trigger, fires });
      if (!fires && !trigger.switchable) found.push(notSwitchable(trigger));
    }
    const going = keysOf(differences.filter((difference) => leavesKey(difference)));
    const among = asked.map(({ oid }) => oid);
    dependents.push(...(await readDependents(audit, relation, going, among)));
    sequences.push(...sequenceMoves(await readSequences(audit, relation), differences));
  }
  for (const { constraint, schema, table, action, rows } of dependents) {
    if (rows === null || (action !== "refuses" && options.allowSideEffects)) continue;
    const label = tableLabel({ schema, table });
    const [many, refer, have] =
      rows === "1" ? [`1 row of ${label}`, "refers", "its"] : [`${rows} rows of ${label}`, "refer", "their"];
    found.push({
      message:
        action === "refuses"
          ? `${many} ${refer} to rows that are to go (foreign key ${constraint}).`
          : `${many} would ${action === "deletes" ? "be deleted" : `lose ${have} reference`} with rows that are to go (foreign key ${constraint}).`,
      hint:
        action === "refuses"
          ? `${alsoHint(label)}.`
          : `${alsoHint(label)}; or allow it with --allow-side-effects.`,
    });
  }
  const [session] = await audit.sql<{ zone: string }[]>`select current_setting('TimeZone') as zone`;
  return {
    timeZone: session?.zone ?? "UTC",
    ...{ kind, tables, notes, obstacles: found, extra, triggers, dependents, sequences },
    patch,
    outcome: undefined,
    operation: undefined,
  };
}

function nameAsWell(table: string): string {
  return `Name ${table} as well, to have it put back with the others`;
}

/** In a session that plays the replica our triggers rest: what it wrote would be missing in the log. */
async function replicaObstacles({ sql }: AuditDatabase, tables: readonly RepairTable[]): Promise<Obstacle[]> {
  const [role] = await sql<{ origin: boolean }[]>`
    select current_setting('session_replication_role') = 'origin' as origin`;
  if (role?.origin || tables.every(({ relation }) => relation.always)) return [];
  return [
    {
      message: "session_replication_role is not origin, so what is written now would not be recorded.",
      hint: "Leave it as it is by default; to keep the application's triggers quiet there is --triggers skip.",
    },
  ];
}

function notSwitchable(trigger: OwnTrigger): Obstacle {
  return {
    message: `Trigger ${trigger.name} of ${tableLabel(trigger)} cannot be skipped: only the table's owner may switch it off.`,
    hint: "Run it as the owner, or let triggers fire: --triggers fire",
  };
}

function leavesKey(difference: RowDifference): boolean {
  return difference.kind === "deleted" || (difference.kind === "changed" && difference.oldKey !== undefined);
}

function sideEffects(outcome: Outcome, { allowSideEffects }: RepairOptions): Obstacle[] {
  if (allowSideEffects) return [];
  const texts = findingText(outcome);
  const [first] = texts;
  if (first === undefined) return [];
  const more = texts.length > 1 ? ` (and ${texts.length - 1} more, see the plan)` : "";
  return [
    {
      message: `It would not come to what was asked for: ${first}${more}.`,
      hint: "Triggers of the application, or actions of foreign keys, do that. Keep triggers quiet with --triggers skip, or allow it with --allow-side-effects.",
    },
  ];
}

async function note(
  audit: AuditDatabase,
  kind: RepairKind,
  request: RepairRequest,
  plan: RepairPlan,
): Promise<NotedOperation> {
  const [only, second] = plan.tables;
  return noteOperation(audit, kind, second === undefined && only ? only.relation.id : null, {
    ...request.words,
    tables: plan.tables.map(({ schema, table, relation, differences }) => ({
      relation: relation.id,
      schema,
      table,
      ...differences.reduce(countDifference, noDifferences),
    })),
  });
}
