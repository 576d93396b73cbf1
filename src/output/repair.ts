import { countDifference, type DifferenceCounts, noDifferences } from "../core/diffCounts.ts";
import { tableLabel } from "../core/name.ts";
import type { Patch } from "../core/patch.ts";
import type { SequenceMove } from "../core/repair.ts";
import { safeText } from "../core/safe.ts";
import type { Outcome, RepairTable } from "../db/carryOut.ts";
import type { NotedOperation, RepairKind } from "../db/operation.ts";
import type { DependentRows, OwnTrigger } from "../db/repairFacts.ts";
import type { RowDifference } from "../types.ts";
import type { Look } from "./columns.ts";
import { differenceJson, differenceText } from "./diff.ts";
import { countOf, countText } from "./duration.ts";
import { type ExtraFields, jsonDocument } from "./json.ts";
import { patchText } from "./patch.ts";
import { valueText } from "./value.ts";

/** What is to be put back, what comes with it, and how far it got. */
export interface RepairPlan {
  readonly kind: RepairKind;
  /** Those in which anything is to be done. */
  readonly tables: readonly RepairTable[];
  readonly notes: readonly string[];
  /** Why it is not carried out. */
  readonly obstacles: readonly { readonly message: string; readonly hint?: string | undefined }[];
  readonly extra: ExtraFields;
  readonly triggers: readonly { readonly trigger: OwnTrigger; readonly fires: boolean }[];
  readonly dependents: readonly DependentRows[];
  readonly sequences: readonly SequenceMove[];
  /** The zone in which the rows' texts are. */
  readonly timeZone: string;
  readonly patch: Patch;
  /** undefined where it was not even tried. */
  readonly outcome: Outcome | undefined;
  /** undefined where it was not carried out for good. */
  readonly operation: NotedOperation | undefined;
}

/** Of each table so many rows are shown; all of them are in the JSON and the SQL. */
const shownRows = 20;

/** So many of what did not come to what was asked for. */
const shownFindings = 10;

/** A plan for people: what is done to which table, with the rows, what else happens, and how far it got. */
export function repairText(plan: RepairPlan, look: Look): string {
  const { kind, tables, notes, operation, outcome, obstacles } = plan;
  const lines = [...notes.map((note) => `note: ${safeText(note)}`)];
  if (tables.length === 0 && obstacles.length === 0)
    return `${[...lines, `Nothing to do: ${kind === "restore" ? "all is as it was" : "nothing of it is left"}.`].join("\n")}\n`;
  const parts = tables.map((table) => tableText(plan, table, look));
  const beside = besideLines(plan);
  const findings = outcome === undefined ? [] : findingText(outcome);
  const shown = findings.slice(0, shownFindings).map((text) => `not as asked for: ${text}`);
  if (findings.length > shown.length) shown.push(`and ${findings.length - shown.length} more`);
  const end =
    operation !== undefined
      ? [
          `${countsText(totalOf(tables), "done")}. This is operation ${operation.id}; the state before it is tag:${operation.tag}`,
        ]
      : obstacles.length > 0
        ? [`${outcome === undefined ? "Not tried" : "Tried, and taken back"}: nothing was changed.`]
        : [
            `${countsText(totalOf(tables), "planned")}. It was rehearsed and taken back, so it works; nothing was changed. Do it with --apply`,
          ];
  return `${[...lines, ...parts, ...beside, ...shown, ...end].join("\n")}\n`;
}

function tableText(
  { triggers }: RepairPlan,
  { schema, table, differences, relation }: RepairTable,
  look: Look,
) {
  const head = `${look.style.bold(tableLabel({ schema, table }))}  ${countsText(differences.reduce(countDifference, noDifferences), "planned")}`;
  const rows = differences
    .slice(0, shownRows)
    .map((difference) => differenceText(difference, look).trimEnd());
  const hidden = differences.length - shownRows;
  const more =
    hidden > 0 ? [look.style.dim(`… and ${countOf(hidden, "row")} more (see -o sql, or --json)`)] : [];
  const own = triggers.filter(
    ({ trigger }) => trigger.schema === relation.schema && trigger.table === relation.table,
  );
  const named = (some: typeof own) =>
    some.map(({ trigger }) => `${safeText(trigger.name)} (${trigger.events.join(", ")})`).join(", ");
  const fire = own.filter(({ fires }) => fires);
  const rest = own.filter(({ fires }) => !fires);
  return [
    head,
    ...rows,
    ...more,
    ...(fire.length > 0 ? [look.style.dim(`triggers that fire: ${named(fire)}`)] : []),
    ...(rest.length > 0 ? [look.style.dim(`triggers that are skipped: ${named(rest)}`)] : []),
  ].join("\n");
}

function besideLines({ triggers, tables, dependents, sequences }: RepairPlan): string[] {
  const labels = new Set(tables.map(tableLabel));
  return [
    ...triggers
      .filter(({ trigger }) => !labels.has(tableLabel(trigger)))
      .map(
        ({ trigger, fires }) =>
          `trigger ${safeText(trigger.name)} of ${tableLabel(trigger)} ${fires ? "fires" : "is skipped"}`,
      ),
    ...dependents.map(({ constraint, schema, table, action, rows }) => {
      const many = rows === null ? "an unknown number of rows" : countOf(BigInt(rows), "row");
      const what = { refuses: "stands in the way", deletes: "deletes", empties: "empties" }[action];
      return `foreign key ${safeText(constraint)} ${what}: ${many} of ${tableLabel({ schema, table })}`;
    }),
    ...sequences.map(({ schema, name, from, to, movable }) =>
      movable
        ? `sequence ${tableLabel({ schema, table: name })} moves from ${from ?? "its start"} to ${to}`
        : `sequence ${tableLabel({ schema, table: name })} stands before ${to}, and may not be moved by you`,
    ),
  ];
}

/** In sentences without an end: what did not come to what was asked for. */
export function findingText({ deviations, others }: Outcome): string[] {
  return [
    ...deviations.map((deviation) => {
      const row = `row ${deviation.key === null ? "" : valueText(deviation.key)} of ${tableLabel(deviation.table)}`;
      if (deviation.kind === "present") return `${row} is still there`;
      if (deviation.kind === "absent") return `${row} is not there`;
      const { column, wanted, found } = deviation;
      return `${safeText(column)} of ${row} is ${found === undefined ? "not known" : valueText(found)} instead of ${valueText(wanted)}`;
    }),
    ...others.map(({ schema, table, ...counts }) => {
      const texts = (["insert", "update", "delete"] as const)
        .filter((op) => counts[op] > 0)
        .map(
          (op) =>
            `${countText(counts[op])} ${{ insert: "inserted", update: "changed", delete: "deleted" }[op]}`,
        );
      return `other rows of ${tableLabel({ schema, table })} change as well: ${texts.join(", ")}`;
    }),
  ];
}

function totalOf(tables: readonly RepairTable[]): DifferenceCounts {
  return tables.flatMap(({ differences }) => differences).reduce(countDifference, noDifferences);
}

function countsText({ inserted, changed, deleted }: DifferenceCounts, tense: "planned" | "done"): string {
  const texts = (
    [
      [inserted, "to insert", "inserted"],
      [changed, "to update", "updated"],
      [deleted, "to delete", "deleted"],
    ] as const
  ).flatMap(([count, planned, done]) =>
    count === 0 ? [] : [`${countText(count)} ${tense === "planned" ? planned : done}`],
  );
  return texts.join(", ");
}

/** The same as a document: an item is a row, `old` what it is and `new` what it is to become. */
export function repairJson(plan: RepairPlan): string {
  const { tables, notes, obstacles, extra, triggers, dependents, sequences, outcome, operation } = plan;
  const items = tables.flatMap(({ schema, table, differences }) =>
    differences.map((difference: RowDifference) => differenceJson({ schema, table, difference })),
  );
  return jsonDocument(items, {
    ...extra,
    applied: operation !== undefined,
    rehearsed: outcome !== undefined && operation === undefined,
    operation: operation?.id ?? null,
    tx: operation?.tx ?? null,
    tag: operation?.tag ?? null,
    tables: tables.map(({ schema, table, differences }) => {
      const { inserted, changed, deleted } = differences.reduce(countDifference, noDifferences);
      return { schema, table, insert: inserted, update: changed, delete: deleted };
    }),
    triggers: triggers.map(({ trigger: { schema, table, name, events }, fires }) => ({
      ...{ schema, table, name, events, fires },
    })),
    foreign_keys: dependents.map(({ constraint, ...dependent }) => ({ name: constraint, ...dependent })),
    sequences: sequences.map(({ schema, name, from, to }) => ({ schema, name, from, to })),
    notes,
    obstacles: obstacles.map(({ message }) => message),
    findings: outcome === undefined ? [] : findingText(outcome),
  });
}

/** The same as an SQL script for whoever may run it. */
export function repairScript({ patch, notes, tables, sequences, triggers, timeZone }: RepairPlan): string {
  return patchText(patch, notes, {
    guarded: tables,
    timeZone,
    sequences: sequences.map(({ schema, name, to }) => ({ schema, name, to })),
    resting: triggers.filter(({ fires }) => !fires).map(({ trigger }) => trigger),
  });
}
