import type { AtTimeOptions } from "../commands/atTime.ts";
import { formatTableName } from "../core/name.ts";
import { settleInstant } from "../db/instants.ts";
import { type PastRows, readPast } from "../db/past.ts";
import { withReading } from "../db/reading.ts";
import { resolveKey, resolveRelation } from "../db/registry.ts";
import type { Io } from "../io.ts";
import type { Row } from "../output/columns.ts";
import { countOf } from "../output/duration.ts";
import { instantJson } from "../output/instant.ts";
import { streamJson } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { streamTable } from "../output/stream.ts";
import type { Value } from "../types.ts";

/** Prints the rows of a table, or one row, as they were at an instant. */
export async function runAtTime(options: AtTimeOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit) => {
    const relation = await resolveRelation(audit, options.table);
    const instant = await settleInstant(audit, options.when, options, io);
    const key = options.key.length === 0 ? undefined : await resolveKey(audit, relation, options.key);
    const past = await readPast(audit, relation, instant, {
      key,
      where: options.where,
      columns: options.columns,
      schema: options.schema,
    });
    for (const { name, reason } of past.unknown)
      io.err(`note: column ${name} is unknown then (${reason}) and shown as NULL\n`);
    if (options.json) {
      const extra = {
        schema: relation.schema,
        table: relation.table,
        at: instantJson(instant),
        unknown: past.unknown.map(({ name }) => name),
      };
      for await (const chunk of streamJson(items(past), extra)) await io.out(chunk);
      return;
    }
    let shown = 0;
    const columns = past.columns.map((title) => ({ title }));
    const counted = cells(past, (count) => {
      shown += count;
    });
    for await (const chunk of streamTable(columns, counted, lookOf(io))) await io.out(chunk);
    io.err(`${countOf(shown, "row")} of ${formatTableName(relation)}\n`);
  });
}

async function* cells(
  { batches }: PastRows,
  count: (rows: number) => void,
): AsyncGenerator<Row[], void, undefined> {
  for await (const rows of batches) {
    count(rows.length);
    yield [...rows];
  }
}

/** Objects without prototype: a column may be called __proto__. */
async function* items({ columns, batches }: PastRows) {
  for await (const rows of batches) {
    for (const row of rows) {
      const item: Record<string, Value> = Object.create(null);
      columns.forEach((column, index) => {
        item[column] = row[index] ?? null;
      });
      yield item;
    }
  }
}
