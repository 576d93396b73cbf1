import type { BlameOptions } from "../commands/blame.ts";
import { type BlameColumn, blameRow, isUnexplained, span } from "../core/blame.ts";
import { type Existence, judgeExistence, lastState, type RowState } from "../core/blameState.ts";
import { resolveColumns } from "../core/columns.ts";
import { tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import type { Shapes } from "../core/shapes.ts";
import { type TracedRow, traceRow } from "../core/tracedRow.ts";
import { readLife } from "../db/changes.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { readKnownPast } from "../db/knownPast.ts";
import { withReading } from "../db/reading.ts";
import { type Relation, resolveKey, resolveRelation } from "../db/registry.ts";
import { isReadable, readBlameColumns, readRowImage, readUndone } from "../db/rowImage.ts";
import { readShapes } from "../db/shapes.ts";
import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import {
  type BlameLook,
  blameCells,
  blameColumns,
  blameJson,
  instantText,
  whoText,
} from "../output/blame.ts";
import { instantJson } from "../output/instant.ts";
import { changeJson } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { valueText } from "../output/value.ts";
import type { Change, Instant } from "../types.ts";

/**
 * Prints of each column of a row who set the value that it has, or had at an instant; of a row that is gone, of its last
 * state. Exit 3, with the answer, where the log does not explain the row.
 */
export async function runBlame(options: BlameOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const relation = await resolveRelation(audit, options.table);
    const instant = options.at && (await settleInstant(audit, options.at, options, io));
    const asked = await resolveKey(audit, relation, options.key);
    await audit.need?.({ relations: [relation.id], key: asked, moments: instant && [instant] });
    const row = traceRow(await lifeAt(audit, relation, asked, instant), asked);
    const shapes = await readShapes(audit, relation);
    const past = await readKnownPast(audit, relation);
    const state = await readState(audit, relation, row, shapes, instant, io);
    const look = { ...lookOf(io), now: io.now(), zone };
    const name = `row ${options.key.map((value) => safeText(value)).join(" ")} of ${tableLabel(relation)}`;
    const nothing = row.changes.length === 0 && state.image === undefined;
    const existence = judgeExistence(row, state, past.gaps);
    for (const line of remarks(existence, nothing, { name, asked, row, look })) io.err(`${line}\n`);
    const columns = blameRow({
      row: existence.came === undefined ? row : { ...row, changes: [], end: undefined },
      columns: chosen(nothing ? [] : state.columns, options, relation),
      present: state.image,
      shapes,
      ...past,
      unexplained: existence.came === "around",
    });
    for (const { column, note } of columns)
      if (note) io.err(`note: column ${safeText(column)}: ${safeText(note)}\n`);
    const { end } = row;
    await writeAnswer(
      {
        batches: [columns],
        extra: {
          schema: relation.schema,
          table: relation.table,
          key: row.key,
          ...(instant && { at: instantJson(instant) }),
          ended: end && existence.came === undefined ? changeJson({ ...end, old: null }) : null,
        },
        json: blameJson,
        columns: blameColumns,
        row: (column) => blameCells(column, look),
      },
      options,
      io,
    );
    if (isUnexplained(columns) || existence.went === "around") throw new SilentExit(ExitCode.Inconclusive);
  });
}

/** The life of a key as far as it had come at an instant. */
async function lifeAt(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  instant: Instant | undefined,
): Promise<Change[]> {
  const life = await readLife(audit, relation, key, {});
  if (instant === undefined) return life;
  const keys = new Set(life.flatMap((change) => [change.key, change.oldKey]).filter((one) => one !== null));
  const undone = await readUndone(audit, relation, [...keys], instant);
  return life.filter(({ id }) => !undone.has(id));
}

/** The row as it is, or was at the instant; the last state in the log where it is gone. */
async function readState(
  audit: AuditDatabase,
  relation: Relation,
  row: TracedRow,
  shapes: Shapes,
  instant: Instant | undefined,
  io: Io,
): Promise<RowState> {
  if (relation.dropped) {
    const { columns, image } = lastState(row, shapes, []);
    return { columns, image, presence: "unknown" };
  }
  const columns = await readBlameColumns(audit, relation, instant);
  if (!(await isReadable(audit, relation))) {
    io.err(`note: you may not read every row of ${tableLabel(relation)}; values are those in the log\n`);
    return row.end === undefined
      ? { columns, image: undefined, presence: "unknown" }
      : { ...lastState(row, shapes, columns), presence: "unknown" };
  }
  const kept = columns.filter(({ known, withheld }) => known && withheld === undefined);
  const image = await readRowImage(audit, relation, row.key, kept, instant);
  if (image !== undefined) return { columns, image, presence: "there" };
  return row.end === undefined
    ? { columns, image, presence: "absent" }
    : { ...lastState(row, shapes, columns), presence: "absent" };
}

function chosen(
  columns: readonly BlameColumn[],
  { column }: BlameOptions,
  relation: Relation,
): BlameColumn[] {
  if (column === undefined) return [...columns];
  const names = columns.map(({ name }) => name);
  const asked = resolveColumns(column, names, {
    flag: "--column",
    table: tableLabel(relation),
    keyColumns: [],
  });
  return columns.filter(({ name }) => asked.columns.includes(name));
}

interface Subject {
  /** The row for people. */
  readonly name: string;
  readonly asked: string;
  readonly row: TracedRow;
  readonly look: BlameLook;
}

/** What has to be said of the row as a whole. */
function remarks(
  { came, went, gap }: Existence,
  nothing: boolean,
  { name, asked, row, look }: Subject,
): string[] {
  if (nothing) return [`There is no ${name}, and no change of it is recorded.`];
  const lines = row.key === asked ? [] : [`note: it moved to the key ${valueText(row.key)}`];
  const { end } = row;
  const when = gap && ` while the table was not audited, ${span(gap)}`;
  if (came === "gap") lines.push(`note: ${name} was deleted by change ${end?.id} and came back${when}`);
  if (came === "around")
    lines.push(
      `finding: ${name} is there, though change ${end?.id} deleted it: it was written around the audit`,
    );
  if (went === "gap") lines.push(`note: ${name} went${when}; this is what the log has of it`);
  if (went === "around")
    lines.push(`finding: ${name} is gone, and no change of it says so: it was deleted around the audit`);
  if (end && came === undefined) {
    const by = safeText(whoText(end));
    const done = end.op === "truncate" ? "went with a TRUNCATE" : "was deleted";
    lines.push(
      `${name} ${done} at ${instantText(end.at, look)} by ${by}, tx ${end.tx}; this is its last state`,
    );
  }
  return lines;
}
