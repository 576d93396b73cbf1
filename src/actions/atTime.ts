import type { AtTimeOptions } from "../commands/atTime.ts";
import { tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import { settleInstant } from "../db/instants.ts";
import { readPast } from "../db/past.ts";
import { withReading } from "../db/reading.ts";
import { resolveKey, resolveRelation } from "../db/registry.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { countOf } from "../output/duration.ts";
import { instantJson } from "../output/instant.ts";
import { rowJson } from "../output/rows.ts";

/** Prints the rows of a table, or one row, as they were at an instant. */
export async function runAtTime(options: AtTimeOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit) => {
    const relation = await resolveRelation(audit, options.table);
    const instant = await settleInstant(audit, options.when, options, io);
    const key = options.key.length === 0 ? undefined : await resolveKey(audit, relation, options.key);
    await audit.need?.({ relations: [relation.id], key, since: instant, moments: [instant] });
    const { columns, unknown, batches } = await readPast(audit, relation, instant, {
      key,
      where: options.where,
      columns: options.columns,
      schema: options.schema,
    });
    for (const { name, reason } of unknown)
      io.err(`note: column ${safeText(name)} is unknown then (${safeText(reason)}) and shown as NULL\n`);
    const shown = await writeAnswer(
      {
        batches,
        extra: {
          schema: relation.schema,
          table: relation.table,
          at: instantJson(instant),
          unknown: unknown.map(({ name }) => name),
        },
        json: (row) => rowJson(columns, row),
        columns: columns.map((title) => ({ title })),
        row: (row) => row,
      },
      options,
      io,
    );
    if (!options.json) io.err(`${countOf(shown, "row")} of ${tableLabel(relation)}\n`);
  });
}
