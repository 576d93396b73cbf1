import type { FilterOptions } from "../commands/changeOptions.ts";
import type { ZoneOptions } from "../commands/options.ts";
import { parseIdentifier } from "../core/name.ts";
import { escapeControls } from "../core/safe.ts";
import { columnsNamed, nameSpans, namesInOrder, type Shapes } from "../core/shapes.ts";
import { didYouMean } from "../core/suggest.ts";
import type { ChangeFilter, RecordedColumn } from "../db/changeFilter.ts";
import { requireChangeCondition, requirePattern } from "../db/condition.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import type { Need } from "../db/need.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";

/**
 * The filter that was asked for, with its instants resolved (they are echoed on stderr) and its columns followed
 * through the shapes of the tables in question, by registry id. Exit 2 where a column, a condition or a regular expression
 * cannot be understood.
 */
export async function settleFilter(
  audit: AuditDatabase,
  options: FilterOptions & ZoneOptions,
  io: Io,
  shapes: ReadonlyMap<number, Shapes>,
): Promise<ChangeFilter> {
  const { since, until, range, where, grep } = options;
  if (where !== undefined) await requireChangeCondition(audit, where);
  if (grep !== undefined) await requirePattern(audit, grep);
  const last = until ?? range?.to;
  return {
    columns: options.column?.flatMap((typed) => recordedColumns(typed, shapes)),
    since: since && (await settleInstant(audit, since, options, io, "since: ")),
    after: range?.from && (await settleInstant(audit, range.from, options, io, "after: ")),
    until: last && (await settleInstant(audit, last, options, io, "until: ")),
    ops: options.op,
    actor: options.actor,
    dbUser: options.dbUser,
    context: options.context,
    where,
    grep,
  };
}

/** Between which instants the changes lie that the filter takes. */
export function boundsOf({ since, after, until }: ChangeFilter): Pick<Need, "since" | "until"> {
  return { since: since ?? after, until };
}

/** Whether anything narrows the changes. */
export function isNarrowed(options: FilterOptions): boolean {
  const { actor, dbUser, op, column, since, until, range, where, grep, context } = options;
  return [actor, dbUser, op, column, since, until, range, where, grep, context].some(
    (filter) => filter !== undefined,
  );
}

function recordedColumns(typed: string, shapes: ReadonlyMap<number, Shapes>): RecordedColumn[] {
  const wanted = parseIdentifier(typed);
  const found = [...shapes].flatMap(([relation, own]) =>
    columnsNamed(own, wanted).flatMap((attnum) =>
      nameSpans(own, attnum).map((span) => ({ relation, ...span })),
    ),
  );
  if (found.length > 0) return found;
  const names = new Set([...shapes.values()].flatMap(namesInOrder));
  const meant = didYouMean(wanted, [...names]);
  const few = shapes.size === 1 && names.size > 0;
  throw usageError(
    `No column is or was called "${escapeControls(wanted)}".${meant && ` ${meant}`}`,
    few
      ? `Its columns: ${[...names].map((name) => escapeControls(name)).join(", ")}.`
      : "See a table's columns with: audit status <table>",
  );
}
