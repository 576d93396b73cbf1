import type { DiffOptions } from "../commands/diff.ts";
import type { OutputFormat, OutputOptions } from "../commands/options.ts";
import { countDifference, countRow, noDifferences, type TableCounts } from "../core/diffCounts.ts";
import { type PatchTable, planPatch } from "../core/patch.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { readPatchTable } from "../db/patchTables.ts";
import { withReading } from "../db/reading.ts";
import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { type Answer, writeAnswer } from "../output/answer.ts";
import {
  type ColumnDifference,
  columnDifferenceColumns,
  columnDifferenceRow,
  columnDifferences,
  type DifferenceItem,
  differenceJson,
  differenceSummary,
  differenceText,
} from "../output/diff.ts";
import { statColumns, statJson, statRow, statText, summaryJson, summaryText } from "../output/diffStat.ts";
import { tableLabel } from "../output/name.ts";
import { patchText } from "../output/patch.ts";
import type { RowDifference } from "../types.ts";
import { type DiffSources, settleSources } from "./diffSources.ts";

/**
 * Prints which rows differ between two instants, or by one transaction: what the changes in between come to, or each of
 * them. Exit 1 with --exit-code when there are any, 3 where the past of a table asked for with others is not known.
 */
export async function runDiff(options: DiffOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit) => {
    const sources = await settleSources(audit, options, io);
    let counts = noDifferences;
    const count = (difference: RowDifference) => {
      counts = countDifference(counts, difference);
    };
    if (options.output === "sql") await io.out(await patchOf(audit, sources, count));
    else {
      for (const note of sources.sources.flatMap(({ notes }) => notes)) io.err(`note: ${note}\n`);
      const form = { ...options, output: options.output };
      if (options.stat || options.summary) await writeCounts(sources, form, io, count);
      else await writeDifferences(sources, form, io, count);
    }
    if (!options.json) io.err(differenceSummary(counts));
    const some = counts.inserted + counts.deleted + counts.changed > 0;
    if (sources.incomplete) throw new SilentExit(ExitCode.Inconclusive);
    if (options.exitCode && some) throw new SilentExit(ExitCode.No);
  });
}

type Form = DiffOptions & OutputOptions<OutputFormat>;
type Count = (difference: RowDifference) => void;

async function writeDifferences(sources: DiffSources, form: Form, io: Io, count: Count): Promise<void> {
  const { extra } = sources;
  const batches = itemsOf(sources, count);
  // A line of a spreadsheet is one column of one row.
  if (form.output === "table" || form.output === "csv" || form.output === "markdown") {
    const answer: Answer<ColumnDifference> = {
      batches: mapped(batches, columnDifferences),
      extra,
      json: (item) => item,
      columns: columnDifferenceColumns,
      row: columnDifferenceRow,
    };
    await writeAnswer(answer, form, io);
    return;
  }
  let heading = "";
  const answer: Answer<DifferenceItem> = {
    batches,
    extra,
    json: differenceJson,
    columns: [],
    row: () => [],
    text: ({ schema, table, difference }, look) => {
      const label = tableLabel(schema, table);
      const between = heading === "" ? "" : "\n";
      const head =
        form.table !== undefined || label === heading ? "" : `${between}${look.style.bold(label)}\n`;
      heading = label;
      return head + differenceText(difference, look);
    },
  };
  await writeAnswer(answer, form, io);
}

async function writeCounts(sources: DiffSources, form: Form, io: Io, count: Count): Promise<void> {
  const tables: TableCounts[] = [];
  for (const { relation, batches } of sources.sources) {
    let counts: TableCounts = {
      ...{ schema: relation.schema, table: relation.table },
      rows: noDifferences,
      columns: new Map(),
    };
    for await (const items of batches()) {
      for (const { difference } of items) {
        count(difference);
        counts = countRow(counts, difference);
      }
    }
    if (Object.values(counts.rows).some((rows) => rows > 0)) tables.push(counts);
  }
  const common = { batches: [tables], extra: sources.extra, columns: statColumns, row: statRow };
  const last = tables.at(-1);
  const answer: Answer<TableCounts> = form.summary
    ? {
        ...common,
        json: summaryJson,
        // One text of all tables, whose names line up.
        text: (item, look) => (item === last ? summaryText(tables, look) : ""),
      }
    : { ...common, json: statJson, text: statText };
  await writeAnswer(answer, form, io);
}

/** Held in memory: what is to be done first is known last. */
async function patchOf(audit: AuditDatabase, sources: DiffSources, count: Count): Promise<string> {
  const tables: PatchTable[] = [];
  const notes: string[] = [];
  for (const source of sources.sources) {
    const differences: RowDifference[] = [];
    for await (const items of source.batches()) {
      for (const { difference } of items) {
        count(difference);
        differences.push(difference);
      }
    }
    if (differences.length === 0) continue;
    notes.push(...source.notes);
    tables.push({ ...(await readPatchTable(audit, source.relation, sources.instant)), differences });
  }
  return patchText(planPatch(tables), notes);
}

async function* itemsOf({ sources }: DiffSources, count: Count) {
  for (const { batches } of sources)
    for await (const items of batches()) {
      for (const { difference } of items) count(difference);
      yield items;
    }
}

async function* mapped<T, U>(batches: AsyncIterable<readonly T[]>, parts: (item: T) => U[]) {
  for await (const items of batches) yield items.flatMap(parts);
}
