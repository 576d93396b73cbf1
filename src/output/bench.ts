import type { BenchFigure, Change, Spread } from "../core/bench.ts";
import { tableLabel } from "../core/name.ts";
import type { Images, Kind } from "../types.ts";
import type { Column, Look } from "./columns.ts";
import { bytesText, countOf } from "./duration.ts";
import { jsonDocument } from "./json.ts";
import { tableText } from "./table.ts";

/** What `audit bench` measured, and how. */
export interface BenchAnswer {
  readonly schema: string;
  readonly table: string;
  readonly rows: number;
  /** How many of the rows are written by a statement each. */
  readonly single: number;
  readonly rounds: number;
  readonly images: Images;
  readonly kind: Kind;
  readonly changes: readonly Change[];
  readonly figures: readonly BenchFigure[];
  /** What was recorded in all, and rolled back. */
  readonly recorded: number;
  readonly recordedBytes: number;
  /** What is to be borne in mind, in whole sentences. */
  readonly notes: readonly string[];
}

const columns: readonly Column[] = [
  { title: "statement", fixed: true },
  { title: "of", fixed: true },
  { title: "plain", align: "right" },
  { title: "audited", align: "right" },
  { title: "added", align: "right" },
  { title: "ratio", align: "right" },
  { title: "WAL plain", align: "right" },
  { title: "WAL audited", align: "right" },
  { title: "log", align: "right" },
];

/** A line on what was measured, one line per kind of statement, then the units. */
export async function benchText(answer: BenchAnswer, look: Look): Promise<string> {
  const { rows, single, rounds, images, kind } = answer;
  const cells = answer.figures.map((figure) => [
    figure.operation,
    figure.size === "row" ? "1 row" : countOf(rows, "row"),
    spreadText(figure.plain),
    spreadText(figure.audited),
    spreadText(figure.added),
    figure.ratio === null ? "-" : figure.ratio.toFixed(2),
    wholeText(figure.walPlain),
    wholeText(figure.walAudited),
    figure.logBytes === null ? "-" : wholeText(figure.logBytes),
  ]);
  const title = `${tableLabel(answer)}: ${countOf(rows, "row")} copied, ${countOf(rounds, "round")}, ${countOf(single, "statement")} of 1 row each; images: ${images}, captured by ${kind}`;
  return `${title}\n\n${await tableText(columns, cells, look)}
plain, audited, added: microseconds per row, minimum / median of the rounds; ratio: audited by plain, of the minima
WAL: bytes per row, of all sessions; log: bytes of a change in the log, without indexes
`;
}

/** The same as a document. */
export function benchJson(answer: BenchAnswer): string {
  return jsonDocument(
    answer.figures.map((figure) => ({
      operation: figure.operation,
      statement: figure.size,
      rows: figure.size === "row" ? 1 : answer.rows,
      plain_us: roundSpread(figure.plain),
      audited_us: roundSpread(figure.audited),
      added_us: roundSpread(figure.added),
      ratio: figure.ratio === null ? null : round(figure.ratio),
      wal_plain: round(figure.walPlain),
      wal_audited: round(figure.walAudited),
      log_bytes: figure.logBytes === null ? null : round(figure.logBytes),
    })),
    {
      schema: answer.schema,
      table: answer.table,
      rows: answer.rows,
      single_rows: answer.single,
      rounds: answer.rounds,
      images: answer.images,
      kind: answer.kind,
      updated_columns: answer.changes.map(({ column }) => column),
      rolled_back: { changes: answer.recorded, bytes: Math.round(answer.recordedBytes) },
      notes: answer.notes,
    },
  );
}

/** What a run leaves behind though all of it was rolled back, in a sentence. */
export function leftBehind({ recorded, recordedBytes }: BenchAnswer): string {
  return `all was rolled back; left behind are ${countOf(recorded, "dead row")} in the log (${bytesText(recordedBytes)}, for vacuum to clear), their unused numbers, and WAL`;
}

function spreadText({ min, median }: Spread): string {
  return `${min.toFixed(1)} / ${median.toFixed(1)}`;
}

function wholeText(bytes: number): string {
  return String(Math.round(bytes));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function roundSpread({ min, median }: Spread): Spread {
  return { min: round(min), median: round(median) };
}
