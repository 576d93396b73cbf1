import type { LogOptions } from "../commands/log.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { withReading } from "../db/reading.ts";
import { listRelations, type Relation, resolveRelation } from "../db/registry.ts";
import { readAllShapes } from "../db/shapes.ts";
import { streamTransactions, streamTransactionsInOrder } from "../db/transactions.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import {
  transactionColumns,
  transactionJson,
  transactionRow,
  transactionText,
} from "../output/transaction.ts";
import type { TransactionSummary } from "../types.ts";
import { boundsOf, isNarrowed, settleFilter } from "./changeFilter.ts";

/** Prints what transactions did across tables, the newest first. */
export async function runLog(options: LogOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const known = await listRelations(audit);
    const asked = await resolveAll(audit, options.tables);
    const relations = asked?.map(({ id }) => id);
    const shapes = options.column === undefined ? new Map() : await readAllShapes(audit, asked ?? known);
    const filter = { ...(await settleFilter(audit, options, io, shapes)), relations };
    await audit.need?.({ relations, ...boundsOf(filter) });
    const names = new Map(known.map((relation) => [relation.id, relation]));
    const newestFirst = () => streamTransactions(audit, names, filter, options.limit);
    const batches = !options.reverse
      ? newestFirst()
      : options.limit === undefined
        ? streamTransactionsInOrder(audit, names, filter)
        : reversed(newestFirst());
    const now = io.now();
    const shown = await writeAnswer(
      {
        batches,
        extra: { tables: asked?.map(({ schema, table }) => ({ schema, table })) ?? null },
        json: transactionJson,
        columns: transactionColumns,
        row: transactionRow,
        text: (summary, look) => transactionText(summary, { ...look, now, zone }),
      },
      options,
      io,
    );
    if (shown === 0) {
      const narrowed = asked !== undefined || isNarrowed(options);
      io.err(narrowed ? "No transaction fits.\n" : "No transaction is recorded.\n");
    }
  });
}

async function resolveAll(audit: AuditDatabase, tables: readonly string[]): Promise<Relation[] | undefined> {
  if (tables.length === 0) return undefined;
  const relations: Relation[] = [];
  for (const table of tables) relations.push(await resolveRelation(audit, table));
  return relations;
}

/** The last in, the first out: for as many as were asked for. */
async function* reversed(
  batches: AsyncIterable<TransactionSummary[]>,
): AsyncGenerator<TransactionSummary[], void, undefined> {
  const all: TransactionSummary[] = [];
  for await (const batch of batches) all.push(...batch);
  yield all.reverse();
}
