import { tableLabel } from "../core/name.ts";
import type { Patch, PatchTable } from "../core/patch.ts";
import { guardLines } from "../core/patchGuard.ts";
import { patchSettings, stepStatements } from "../core/patchStatements.ts";
import { safeText } from "../core/safe.ts";
import { sqlLiteral, sqlName } from "../core/sqlText.ts";
import { type SwitchedTrigger, switchStatement } from "../core/switchedTrigger.ts";

/** What a script has beside the patch, where it is to take the place of a command that is sure of what it does. */
export interface PatchFrame {
  /** Tables whose rows have to be as the differences say they are, and the time zone of their texts. */
  readonly guarded: readonly PatchTable[];
  readonly timeZone: string;
  /** Triggers to be switched off meanwhile. */
  readonly resting: readonly SwitchedTrigger[];
  /** Sequences to be moved forward. */
  readonly sequences: readonly { readonly schema: string; readonly name: string; readonly to: string }[];
}

const unframed: PatchFrame = { guarded: [], timeZone: "UTC", resting: [], sequences: [] };

/**
 * A patch as an SQL script in one transaction, one statement per line and at most one row per line. What the log does not
 * know of a row stays as it is, or as the table's defaults make it, and is named in a comment.
 */
export function patchText(
  { steps, circle, parted }: Patch,
  notes: readonly string[],
  { guarded, timeZone, resting, sequences }: PatchFrame = unframed,
): string {
  const deferrable =
    guarded.length > 0 ||
    steps.some(({ table }) => table.references.some((reference) => reference.deferrable));
  const lines = [
    ...notes.map((note) => `-- ${safeText(note)}`),
    ...circle.map(
      (table) =>
        `-- ${label(table)} and tables it refers to refer to each other: unless their foreign keys are deferrable or may be NULL, the order may not do.`,
    ),
    ...parted.map(
      (table) =>
        `-- ${label(table)}: rows change keys in a way that takes writing them anew, and columns that are not known do not go with them: ${table.columns
          .filter(({ known }) => !known)
          .map(({ name }) => sqlName(name))
          .join(", ")}`,
    ),
    guarded.length > 0 ? "begin isolation level repeatable read;" : "begin;",
    ...patchSettings,
    ...(guarded.length > 0 ? textSettings(timeZone) : []),
    ...guarded.flatMap(guardLines),
    ...resting.map((trigger) => switchStatement(trigger, false)),
    ...(deferrable ? ["set constraints all deferred;"] : []),
    ...steps.flatMap((step, index) => [
      ...(steps[index - 1]?.table === step.table ? [] : [`-- ${label(step.table)}`]),
      ...stepStatements(step, "plain").flatMap((statement) => [
        ...statement.notes.map((note) => `-- ${note}`),
        ...statement.lines,
      ]),
    ]),
    ...(resting.length > 0 ? ["set constraints all immediate;"] : []),
    ...resting.map((trigger) => switchStatement(trigger, true)),
    ...sequences.map(
      ({ schema, name, to }) => `select setval(${sqlLiteral(`${sqlName(schema)}.${sqlName(name)}`)}, ${to});`,
    ),
    "commit;",
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** What the texts of present values depend on. */
function textSettings(timeZone: string): string[] {
  return [
    `set local timezone = ${sqlLiteral(timeZone)};`,
    "set local bytea_output = 'hex';",
    "set local extra_float_digits = 1;",
  ];
}

function label({ schema, table }: PatchTable): string {
  return tableLabel({ schema, table });
}
