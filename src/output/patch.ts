import { tableLabel } from "../core/name.ts";
import type { Patch, PatchTable } from "../core/patch.ts";
import { patchSettings, stepStatements } from "../core/patchStatements.ts";
import { safeText } from "../core/safe.ts";
import { sqlName } from "../core/sqlText.ts";

/**
 * A patch as an SQL script in one transaction, one statement per line and at most one row per line. What the log does not
 * know of a row stays as it is, or as the table's defaults make it, and is named in a comment.
 */
export function patchText({ steps, circle, parted }: Patch, notes: readonly string[]): string {
  const deferrable = steps.some(({ table }) => table.references.some((reference) => reference.deferrable));
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
    "begin;",
    ...patchSettings,
    ...(deferrable ? ["set constraints all deferred;"] : []),
    ...steps.flatMap((step, index) => [
      ...(steps[index - 1]?.table === step.table ? [] : [`-- ${label(step.table)}`]),
      ...stepStatements(step, "plain").flatMap((statement) => [
        ...statement.notes.map((note) => `-- ${note}`),
        ...statement.lines,
      ]),
    ]),
    "commit;",
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function label({ schema, table }: PatchTable): string {
  return tableLabel({ schema, table });
}
