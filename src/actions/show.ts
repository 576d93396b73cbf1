import type { ShowOptions } from "../commands/show.ts";
import { arrangeImage } from "../core/image.ts";
import { readColumnOrder } from "../db/columnOrder.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { readNeighbours } from "../db/neighbours.ts";
import { withReading } from "../db/reading.ts";
import { unknownChange, unknownTransaction } from "../db/references.ts";
import { listRelations, type Relation } from "../db/registry.ts";
import { readShapes } from "../db/shapes.ts";
import { findTransaction, findTransactionOf } from "../db/transaction.ts";
import { findChange, findPlace, streamTransactionChanges } from "../db/transactionChanges.ts";
import { summarizeTransaction } from "../db/transactions.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { changeFields, changeRow } from "../output/changeRow.ts";
import { changeJson } from "../output/json.ts";
import {
  memberText,
  type ShownChange,
  shownChangeJson,
  shownChangeText,
  transactionHead,
} from "../output/show.ts";
import { transactionJson } from "../output/transaction.ts";
import type { Change } from "../types.ts";
import { settleFilter } from "./changeFilter.ts";

/** Prints one change, or one transaction with all of its changes, in full. */
export async function runShow(options: ShowOptions, io: Io): Promise<void> {
  const { kind, id } = options.what;
  if (kind === "change") requireNoFilter(options);
  await withReading(options, io, async (audit, zone) => {
    const relations = new Map((await listRelations(audit)).map((relation) => [relation.id, relation]));
    const reading = { audit, zone, relations };
    await (kind === "change"
      ? showChange(reading, id, options, io)
      : showTransaction(reading, id, options, io));
  });
}

interface Reading {
  readonly audit: AuditDatabase;
  readonly zone: string;
  /** By registry id. */
  readonly relations: ReadonlyMap<number, Relation>;
}

function requireNoFilter({ op, column, limit }: ShowOptions): void {
  const given = Object.entries({ op, column, limit }).find(([, value]) => value !== undefined)?.[0];
  if (given !== undefined)
    throw usageError(
      `--${given} narrows a transaction, and a change is shown as it is.`,
      "Leave it out, or write tx:ID.",
    );
}

async function showChange({ audit, zone, relations }: Reading, id: string, options: ShowOptions, io: Io) {
  const found = await findChange(audit, relations, id);
  const transaction = await findTransactionOf(audit, id);
  if (found === undefined || transaction === undefined) throw unknownChange(id);
  const relation = relations.get(found.relation);
  const columns = relation === undefined ? [] : await readColumnOrder(audit, relation);
  const shown: ShownChange = {
    change: found.change,
    transaction: { ...transaction, era: transaction.era.era },
    place: await findPlace(audit, transaction, id),
    ...(await readNeighbours(audit, found.relation, found.change)),
  };
  const now = io.now();
  await writeAnswer(
    {
      batches: [[shown]],
      extra: {},
      json: shownChangeJson,
      columns: changeFields,
      row: ({ change }) => changeRow(change),
      text: (item, look) =>
        shownChangeText({ ...item, change: arranged(item.change, columns) }, { ...look, now, zone }),
    },
    options,
    io,
  );
}

async function showTransaction(
  { audit, zone, relations }: Reading,
  id: string,
  options: ShowOptions,
  io: Io,
) {
  const { op, column, limit, tz } = options;
  const found = await findTransaction(audit, id);
  const summary = found && (await summarizeTransaction(audit, relations, found));
  if (found === undefined || summary === undefined) throw unknownTransaction(id);
  const touched = [...relations.values()].filter(({ schema, table }) =>
    summary.tables.some((counts) => counts.schema === schema && counts.table === table),
  );
  const shapes = column === undefined ? new Map() : await readShapes(audit, touched);
  const filter = await settleFilter(audit, { op, column, tz }, io, shapes);
  const orders = new Map<string, readonly string[]>();
  for (const relation of touched) orders.set(nameOf(relation), await readColumnOrder(audit, relation));
  const now = io.now();
  let head = true;
  const shown = await writeAnswer(
    {
      batches: streamTransactionChanges(audit, relations, found, filter, limit),
      extra: { transaction: transactionJson(summary) },
      json: changeJson,
      columns: changeFields,
      row: changeRow,
      text: (change, look) => {
        const dressed = { ...look, now, zone };
        const above = head ? transactionHead(summary, dressed) : "";
        head = false;
        const inOrder = arranged(change, orders.get(nameOf(change)) ?? []);
        return above + memberText(inOrder, dressed, summary.originCount);
      },
    },
    options,
    io,
  );
  if (shown === 0) io.err(`No change of transaction ${id} fits.\n`);
}

function nameOf({ schema, table }: Pick<Change, "schema" | "table">): string {
  return JSON.stringify([schema, table]);
}

/** Values as the table has them: for reading; a document's fields are found by name. */
function arranged(change: Change, columns: readonly string[]): Change {
  return {
    ...change,
    old: change.old && arrangeImage(change.old, columns),
    new: change.new && arrangeImage(change.new, columns),
  };
}
