import type { HistoryOptions } from "../commands/history.ts";
import { parseIdentifier, tableLabel } from "../core/name.ts";
import { imageReader } from "../core/naming.ts";
import { escapeControls, safeText } from "../core/safe.ts";
import { type Point, seriesOf } from "../core/series.ts";
import { columnsNamed, columnsOf, lastName, type Shapes } from "../core/shapes.ts";
import { didYouMean } from "../core/suggest.ts";
import type { ChangeFilter } from "../db/changeFilter.ts";
import { readLife } from "../db/changes.ts";
import { numberType } from "../db/columnType.ts";
import type { AuditDatabase } from "../db/installation.ts";
import type { Relation } from "../db/registry.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { plotText } from "../output/plot.ts";

export interface PlotSubject {
  readonly audit: AuditDatabase;
  readonly relation: Relation;
  readonly shapes: Shapes;
  /** Undefined where no row was named. */
  readonly key: string | undefined;
  readonly filter: ChangeFilter;
  /** As typed. */
  readonly column: string;
  readonly zone: string;
}

/** What a drawing takes where its width is not known. */
const usualWidth = 80;

/** Draws a numeric column of one row over time, or prints its values. Exit 2 where it is not numeric, or no row is named. */
export async function plotHistory(subject: PlotSubject, options: HistoryOptions, io: Io): Promise<void> {
  const { audit, relation, shapes, key, filter, zone } = subject;
  const table = tableLabel(relation);
  if (key === undefined) {
    throw usageError(
      "--plot draws the history of one row, and none is named.",
      `Name it by its key: audit history ${table} <key> --plot ${subject.column}`,
    );
  }
  const attnum = plottedColumn(shapes, subject.column, table);
  const column = lastName(shapes, attnum);
  const type = await numberType(audit, relation, attnum);
  if (!type.isNumber) {
    throw usageError(
      `Column ${escapeControls(column)} of ${table} is of type ${escapeControls(type.name)}, and only numbers can be drawn.`,
      `See its values with: audit history ${table} <key> --column ${subject.column}`,
    );
  }
  const read = imageReader(shapes, {
    nameOf: (number) => (number === attnum ? "value" : undefined),
    arranged: false,
  });
  const changes = await readLife(audit, relation, key, filter);
  const points = seriesOf(changes, ({ id, ...change }, side) => read(change[side] ?? {}, BigInt(id)).value);
  if (options.json)
    return io.out(
      jsonDocument(points.map(pointJson), { schema: relation.schema, table: relation.table, key, column }),
    );
  const drawing = plotText(points, {
    title: `${column} of ${table} ${options.key.join(" ")}`,
    width: io.width ?? usualWidth,
    until: filter.until ? new Date(filter.until.at) : io.now(),
    zone,
    unicode: speaksUnicode(io.env),
    style: lookOf(io).style,
  });
  if (drawing === "") {
    io.err(`No value of ${safeText(column)} of this row is recorded.\n`);
    return;
  }
  await io.out(drawing);
}

function plottedColumn(shapes: Shapes, typed: string, table: string): number {
  const name = parseIdentifier(typed);
  const found = columnsNamed(shapes, name);
  // A dropped column of the same name is another one.
  const column = found.find((attnum) => shapes.present.has(attnum)) ?? found.at(-1);
  if (column !== undefined) return column;
  const names = columnsOf(shapes).map((attnum) => lastName(shapes, attnum));
  const meant = didYouMean(name, names);
  throw usageError(
    `${table} has no column "${escapeControls(name)}".${meant && ` ${meant}`}`,
    `Its columns: ${names.map((other) => escapeControls(other)).join(", ")}.`,
  );
}

function pointJson({ at, value, tx }: Point) {
  return { at, value, tx };
}

/** By the rule of every program: the first of these that is set tells the encoding. */
function speaksUnicode({ LC_ALL, LC_CTYPE, LANG }: Io["env"]): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
}
