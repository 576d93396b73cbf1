import type { HistoryOptions } from "../commands/history.ts";
import { arrangeImage } from "../core/image.ts";
import { formatTableName } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import type { ChangeFilter } from "../db/changeFilter.ts";
import { type ChangeOrder, readLife, streamTableChanges } from "../db/changes.ts";
import { readColumnOrder } from "../db/columnOrder.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { withReading } from "../db/reading.ts";
import { type Relation, resolveKey, resolveRelation } from "../db/registry.ts";
import { readShapes } from "../db/shapes.ts";
import type { Io } from "../io.ts";
import { changeText } from "../output/history.ts";
import { changeJson, streamJson } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import type { Change } from "../types.ts";
import { isNarrowed, settleFilter } from "./changeFilter.ts";

/** Prints the life of a row, or the changes of a table, oldest first. */
export async function runHistory(options: HistoryOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const relation = await resolveRelation(audit, options.table);
    const filter = await settleFilter(audit, options, io, await readShapes(audit, [relation]));
    const key = options.key.length === 0 ? undefined : await resolveKey(audit, relation, options.key);
    const batches =
      key === undefined
        ? streamTableChanges(audit, relation, filter, options)
        : life(audit, relation, key, filter, options);
    if (options.json) {
      for await (const chunk of streamJson(items(batches), {
        schema: relation.schema,
        table: relation.table,
      }))
        await io.out(chunk);
      return;
    }
    const look = { ...lookOf(io), now: io.now(), zone, subject: key === undefined ? "key" : "none" } as const;
    const columns = await readColumnOrder(audit, relation);
    let shown = 0;
    for await (const changes of batches) {
      shown += changes.length;
      await io.out(changes.map((change) => changeText(arranged(change, columns), look)).join(""));
    }
    if (shown === 0) io.err(`${emptyText(relation, options)}\n`);
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

/** Values as the table has them: for reading; a document's fields are found by name. */
function arranged(change: Change, columns: readonly string[]): Change {
  return {
    ...change,
    old: change.old && arrangeImage(change.old, columns),
    new: change.new && arrangeImage(change.new, columns),
  };
}

async function* items(batches: AsyncGenerator<Change[], void, undefined>) {
  for await (const changes of batches) yield* changes.map(changeJson);
}

function emptyText(relation: Relation, options: HistoryOptions): string {
  const what =
    options.key.length === 0
      ? formatTableName(relation)
      : `row ${options.key.map((value) => safeText(value)).join(" ")} of ${formatTableName(relation)}`;
  return isNarrowed(options) ? `No change of ${what} fits.` : `No change of ${what} is recorded.`;
}
