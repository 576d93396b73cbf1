import { type Drift, driftMessage, type Severity, severityOf } from "../core/drift.ts";
import { safeText } from "../core/safe.ts";
import type { Look } from "./columns.ts";
import { countOf } from "./duration.ts";
import { jsonDocument } from "./json.ts";
import type { Style } from "./style.ts";

/** A statement of more lines than this is shown by its first; all of it is in the JSON and in `audit sync --dry-run`. */
const longestStatement = 3;

/** Each finding with the statements that mend it, then how many there are. */
export function findingsText(drifts: readonly Drift[], { style }: Look): string {
  if (drifts.length === 0) return `${style.green("All is as it was set up.")}\n`;
  const parts = drifts.map((drift) => {
    const where = drift.table === null ? "" : `${safeText(drift.table)}: `;
    const mark = paint(severityOf(drift.kind), style);
    const lines = drift.sql.flatMap(shortened).map((line) => style.dim(`  ${safeText(line)}`));
    return [`${mark}  ${where}${safeText(driftMessage(drift))}`, ...lines].join("\n");
  });
  return `${parts.join("\n")}\n\n${countText(drifts)}\n`;
}

function paint(severity: Severity, style: Style): string {
  if (severity === "critical") return style.red("critical");
  return severity === "warning" ? style.yellow("warning ") : style.dim("note    ");
}

function shortened(statement: string): string[] {
  const lines = statement.trim().split("\n");
  if (lines.length <= longestStatement) return lines;
  return [`${lines[0]} …`];
}

function countText(drifts: readonly Drift[]): string {
  const mendable = drifts.filter(({ sql }) => sql.length > 0).length;
  const counts = (["critical", "warning", "note"] as const).flatMap((severity) => {
    const count = drifts.filter(({ kind }) => severityOf(kind) === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const next = mendable === 0 ? "" : ` Mend ${mendable === 1 ? "it" : "them"} with: audit sync`;
  return `${countOf(drifts.length, "finding")} (${counts.join(", ")}).${next}`;
}

/** The same as a document. */
export function findingsJson(drifts: readonly Drift[]): string {
  return jsonDocument(
    drifts.map((drift) => ({
      kind: drift.kind,
      severity: severityOf(drift.kind),
      relation: drift.relation,
      table: drift.table,
      subject: drift.subject,
      message: driftMessage(drift),
      sql: drift.sql,
    })),
  );
}
