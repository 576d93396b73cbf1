import type { Change, Image, Value, Withheld } from "../types.ts";
import { nameInImage, type ShapeVersion, versionAt, versionsSince } from "./columnNames.ts";
import { toMicroseconds } from "./instant.ts";
import type { TracedRow } from "./tracedRow.ts";

/** A column to be told about. */
export interface BlameColumn {
  readonly attnum: number;
  readonly name: string;
  /** Why its value is not kept: excluded or redacted at present, or computed whenever it is read. */
  readonly withheld?: "excluded" | "redacted" | "generated" | undefined;
}

/** A time in which the table was not audited; without an end it lasts. */
export interface Gap {
  readonly fromId: bigint;
  readonly from: string;
  readonly until: string | undefined;
}

/** All that a row's blame is made of. */
export interface BlameFacts {
  readonly row: TracedRow;
  readonly columns: readonly BlameColumn[];
  /** The row's values by the columns' names, the log's own text; undefined where they cannot be read. */
  readonly present: Image | undefined;
  readonly versions: readonly ShapeVersion[];
  /** In order. */
  readonly gaps: readonly Gap[];
  /** Since when every change is in the log; undefined where auditing never began. */
  readonly since: string | undefined;
  /** Whether the row is there although the log has it deleted, and nothing says that auditing was off. */
  readonly unexplained?: boolean | undefined;
}

/**
 * How a value came to be. `change` and `insert`: by the change that is named. `added`: by the DDL that added the column.
 * `before_coverage`: before everything was recorded. `excluded`, `generated`: never recorded. `unrecorded`: while the
 * table was not audited, or the column not recorded. `around`: while both were, and yet not in the log.
 */
export type BlameStatus =
  | "change"
  | "insert"
  | "added"
  | "before_coverage"
  | "excluded"
  | "generated"
  | "unrecorded"
  | "around";

/** Who set the present value of one column. */
export interface ColumnBlame {
  readonly column: string;
  readonly status: BlameStatus;
  /** undefined where it is not known. */
  readonly value: Value | Withheld | undefined;
  /** What it was before; undefined where there was nothing, or it is not known. */
  readonly previous: Value | Withheld | undefined;
  /** For `change` and `insert`. */
  readonly change: Change | undefined;
  /** For `added`: when. For `before_coverage`: since when all is recorded. */
  readonly at: string | undefined;
  /** A sentence about what else has to be known of it. */
  readonly note: string | undefined;
}

type Found = Pick<ColumnBlame, "status"> & Partial<Omit<ColumnBlame, "column" | "status">>;

/** For each column, what set the value it has: the last change in row order that did. */
export function blameRow(facts: BlameFacts): ColumnBlame[] {
  return facts.columns.map((column) => {
    const found = blameColumn(column, facts);
    return {
      column: column.name,
      status: found.status,
      value: "value" in found ? found.value : presentValue(column, facts),
      previous: found.previous,
      change: found.change,
      at: found.at,
      note: found.note,
    };
  });
}

/** Whether something in it was written around the audit: then the log does not explain the row. */
export function isUnexplained(columns: readonly ColumnBlame[]): boolean {
  return columns.some(({ status }) => status === "around");
}

/** The time in which the table was not audited that began first after a change, if any. */
export function gapAfter(gaps: readonly Gap[], id: string): Gap | undefined {
  return gaps.find(({ fromId }) => fromId > BigInt(id));
}

function blameColumn(column: BlameColumn, facts: BlameFacts): Found {
  if (column.withheld === "excluded" || column.withheld === "generated")
    return { status: column.withheld, value: undefined };
  if (facts.unexplained)
    return { status: "around", note: "The row is there although the log has it deleted." };
  for (const change of facts.row.changes.toReversed()) {
    const effect = effectOf(change, column, facts);
    if (effect === "none") continue;
    if (effect === "added" || effect === "unrecorded") return { status: effect, ...addition(column, facts) };
    return checked(change, effect, column, facts);
  }
  const added = addition(column, facts).at;
  const { since } = facts;
  if (added !== undefined && (since === undefined || toMicroseconds(added) > toMicroseconds(since)))
    return { status: "added", at: added };
  return { status: "before_coverage", at: since };
}

interface Effect {
  readonly before: Value | Withheld | undefined;
  readonly after: Value | Withheld | undefined;
}

/** What a change of the row did to the column. */
function effectOf(
  change: Change,
  { attnum, name, withheld }: BlameColumn,
  { versions, present }: BlameFacts,
): Effect | "none" | "added" | "unrecorded" {
  const side = (image: Image | null) => {
    const called = nameInImage(image, change.id, attnum, versions, name);
    return called === undefined ? undefined : image?.[called];
  };
  const before = side(change.old);
  const after = side(change.new);
  if (change.op === "insert") {
    if (after !== undefined) return { before: undefined, after };
    const then = versionAt(versions, change.id)?.columns.get(attnum);
    if (then === undefined) return "added";
    return then.recorded || withheld === "redacted" ? { before: undefined, after } : "unrecorded";
  }
  if (change.op !== "update") return "none";
  if (change.new !== null) return after === undefined || isSame(before, after) ? "none" : { before, after };
  // Lean: the old values of what changed, but of a row that moved all of them.
  if (before === undefined) return "none";
  const stayed = change.oldKey !== null && present !== undefined && isSame(before, present[name]);
  return stayed ? "none" : { before, after: undefined };
}

/** The change that set the value, held against the value that is there. */
function checked(
  change: Change,
  { before, after }: Effect,
  column: BlameColumn,
  { present, versions, gaps }: BlameFacts,
): Found {
  const status = change.op === "insert" ? "insert" : "change";
  const now = present && Object.hasOwn(present, column.name) ? present[column.name] : undefined;
  if (now === undefined) return { status, change, previous: before, value: after };
  if (isWithheld(now) || isWithheld(after) || after === undefined || now === after)
    return { status, change, previous: before };
  const since = versionsSince(versions, change.id);
  const types = new Set(
    [versionAt(versions, change.id), ...since].map((version) => version?.columns.get(column.attnum)?.type),
  );
  if (types.size > 1) {
    const [former] = types;
    return { status, change, previous: before, note: `Its type changed since; it was ${former}.` };
  }
  const gap = gapAfter(gaps, change.id);
  if (gap !== undefined)
    return { status: "unrecorded", previous: after, note: `The table was not audited ${span(gap)}.` };
  if (since.some(({ columns }) => columns.get(column.attnum)?.recorded === false))
    return { status: "unrecorded", previous: after, note: "Its values were not recorded for a while." };
  return {
    status: "around",
    previous: after,
    note: `The last change recorded of it, ${change.id}, left another value.`,
  };
}

/** When the column came to the table, if that was after auditing began. */
function addition({ attnum }: BlameColumn, { versions }: BlameFacts): Pick<Found, "at"> {
  const first = versions.find(({ columns }) => columns.has(attnum));
  return { at: first === versions[0] ? undefined : first?.fromAt };
}

/** When a gap was, as the end of a sentence. */
export function span({ from, until }: Gap): string {
  return until === undefined ? `from ${from} on` : `from ${from} until ${until}`;
}

function presentValue(
  { name, withheld }: BlameColumn,
  { present }: BlameFacts,
): Value | Withheld | undefined {
  if (withheld === "redacted") return { redacted: true };
  return present && Object.hasOwn(present, name) ? present[name] : undefined;
}

function isWithheld(value: Value | Withheld | undefined): value is Withheld {
  return typeof value === "object" && value !== null;
}

/** Two marks of a redacted value stand for a change; two digests tell. */
function isSame(one: Value | Withheld | undefined, other: Value | Withheld | undefined): boolean {
  if (!isWithheld(one) || !isWithheld(other)) return one === other;
  return "digest" in one && "digest" in other && one.digest === other.digest && one.bytes === other.bytes;
}
