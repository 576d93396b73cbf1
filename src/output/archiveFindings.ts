import type { ArchiveFinding } from "../archive/inspect.ts";
import type { Look } from "./columns.ts";
import { countOf } from "./duration.ts";
import { jsonDocument } from "./json.ts";
import { remarkedTable } from "./table.ts";

/** What came of reading an archive back. */
export interface VerifiedArchive {
  readonly target: string;
  /** How much was read. */
  readonly segments: number;
  readonly files: number;
  readonly changes: number;
  readonly findings: readonly ArchiveFinding[];
}

/** A table of the findings, then how much was read. */
export async function archiveFindingsText(
  { target, segments, files, changes, findings }: VerifiedArchive,
  look: Look,
): Promise<string> {
  const read = `${countOf(segments, "segment")}, ${countOf(files, "file")} and ${countOf(changes, "change")} of ${target}`;
  if (findings.length === 0) return `Read back ${read}: ${look.style.green("all is as it was written.")}\n`;
  const table = await remarkedTable(
    [{ title: "segment", align: "right" }],
    findings.map(({ segment }) => [segment === null ? "?" : String(segment)]),
    { title: "finding", texts: findings.map(({ message }) => message) },
    look,
  );
  return `${table}\nRead back ${read}: ${look.style.red(countOf(findings.length, "finding"))}.\n`;
}

/** The same as a document. */
export function archiveFindingsJson({ findings, target, segments, files, changes }: VerifiedArchive): string {
  return jsonDocument(
    findings.map(({ segment, path, message }) => ({ segment, path, message })),
    { target, segments, files, changes: String(changes) },
  );
}
