import type { HistoryOptions } from "../commands/history.ts";
import { parseIdentifier, tableLabel } from "../core/name.ts";
import { changeReaders } from "../core/naming.ts";
import { safeText } from "../core/safe.ts";
import { columnsNamed } from "../core/shapes.ts";
import type { ChangeFilter } from "../db/changeFilter.ts";
import { type ChangeOrder, readLife, streamTableChanges } from "../db/changes.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { withReading } from "../db/reading.ts";
import { type Relation, resolveKey, resolveRelation } from "../db/registry.ts";
import { readShapes } from "../db/shapes.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { changeColumns, changeRow } from "../output/changes.ts";
import { changeText } from "../output/history.ts";
import { changeJson } from "../output/json.ts";
import type { Change } from "../types.ts";
import { boundsOf, isNarrowed, settleFilter } from "./changeFilter.ts";
import { plotHistory } from "./plot.ts";

/** Prints the life of a row, or the changes of a table, oldest first or newest first; or draws a column of a row. */
export async function runHistory(options: HistoryOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const relation = await resolveRelation(audit, options.table);
    const shapes = await readShapes(audit, relation);
    const key = options.key.length === 0 ? undefined : await resolveKey(audit, relation, options.key);
    const filter = await settleFilter(audit, options, io, new Map([[relation.id, shapes]]));
    // The life of a row is found by all of its changes.
    await audit.need?.({ relations: [relation.id], key, ...(key === undefined && boundsOf(filter)) });
    if (options.plot !== undefined)
      return plotHistory({ audit, relation, shapes, key, filter, column: options.plot, zone }, options, io);
    const batches =
      key === undefined
        ? streamTableChanges(audit, relation, filter, options)
        : life(audit, relation, key, filter, options);
    const subject = key === undefined ? "key" : "none";
    const now = io.now();
    const { column, schema } = options;
    const wanted = column?.flatMap((typed) => columnsNamed(shapes, parseIdentifier(typed)));
    const { document, text } = changeReaders(shapes, { schema, wanted });
    const count = await writeAnswer(
      {
        batches,
        extra: { schema: relation.schema, table: relation.table },
        json: (change: Change) => changeJson(document(change)),
        columns: changeColumns,
        row: (change) => changeRow(document(change)),
        text: (change, look) =>
          changeText(text(change), { ...look, now, zone, subject, verbose: options.verbose }),
      },
      options,
      io,
    );
    if (count === 0) io.err(`${emptyText(relation, options)}\n`);
  });
}

async function* life(
  audit: AuditDatabase,
  relation: Relation,
  key: string,
  filter: ChangeFilter,
  { limit, reverse }: ChangeOrder,
): AsyncGenerator<Change[], void, undefined> {
  const changes = await readLife(audit, relation, key, filter);
  const newest = limit === undefined ? changes : changes.slice(-limit);
  yield reverse ? newest.toReversed() : newest;
}

function emptyText(relation: Relation, options: HistoryOptions): string {
  const what =
    options.key.length === 0
      ? tableLabel(relation)
      : `row ${options.key.map((value) => safeText(value)).join(" ")} of ${tableLabel(relation)}`;
  return isNarrowed(options) ? `No change of ${what} fits.` : `No change of ${what} is recorded.`;
}
