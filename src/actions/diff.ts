import type { DiffOptions } from "../commands/diff.ts";
import { arrangeImage } from "../core/image.ts";
import { toMicroseconds } from "../core/instant.ts";
import { parseWhen } from "../core/when.ts";
import { readColumnOrder } from "../db/columnOrder.ts";
import { settleInstant } from "../db/instants.ts";
import { streamDifferences, unknownColumns } from "../db/past.ts";
import { withReading } from "../db/reading.ts";
import { resolveKey, resolveRelation } from "../db/registry.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import {
  countDifference,
  differenceJson,
  differenceSummary,
  differenceText,
  noDifferences,
} from "../output/diff.ts";
import { instantJson } from "../output/instant.ts";
import { streamJson } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import type { RowDifference } from "../types.ts";

/** Prints the rows that differ between two instants: what the net of all changes in between comes to. */
export async function runDiff(options: DiffOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit) => {
    const relation = await resolveRelation(audit, options.table);
    const from = await settleInstant(audit, options.from, options, io, "from: ");
    const to = await settleInstant(audit, options.to ?? parseWhen("now"), options, io, "to: ");
    if (toMicroseconds(from.at) > toMicroseconds(to.at)) {
      throw usageError(`--from ${from.at} is later than --to ${to.at}.`, "Exchange the two.");
    }
    const key = options.key.length === 0 ? undefined : await resolveKey(audit, relation, options.key);
    for (const { name, reason } of await unknownColumns(audit, relation, from))
      io.err(`note: column ${name} is not compared: ${reason}\n`);
    const batches = streamDifferences(audit, relation, { from, to }, key);
    if (options.json) {
      const extra = {
        schema: relation.schema,
        table: relation.table,
        from: instantJson(from),
        to: instantJson(to),
      };
      for await (const chunk of streamJson(items(batches), extra)) await io.out(chunk);
      return;
    }
    const look = lookOf(io);
    const columns = await readColumnOrder(audit, relation);
    let counts = noDifferences;
    for await (const differences of batches) {
      counts = differences.reduce(countDifference, counts);
      await io.out(
        differences.map((difference) => differenceText(arranged(difference, columns), look)).join(""),
      );
    }
    await io.out(differenceSummary(counts));
  });
}

/** Values as the table has them: for reading; a document's fields are found by name. */
function arranged(difference: RowDifference, columns: readonly string[]): RowDifference {
  switch (difference.kind) {
    case "inserted":
      return { ...difference, new: arrangeImage(difference.new, columns) };
    case "deleted":
      return { ...difference, old: arrangeImage(difference.old, columns) };
    case "changed":
      return {
        ...difference,
        old: arrangeImage(difference.old, columns),
        new: arrangeImage(difference.new, columns),
      };
  }
}

async function* items(batches: AsyncGenerator<RowDifference[], void, undefined>) {
  for await (const differences of batches) yield* differences.map(differenceJson);
}
