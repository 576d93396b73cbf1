import type { ShowOptions } from "../commands/show.ts";
import { changeReaders } from "../core/naming.ts";
import type { TableChange } from "../db/changeRows.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { readNeighbours } from "../db/neighbours.ts";
import { withReading } from "../db/reading.ts";
import { unknownChange, unknownTransaction } from "../db/references.ts";
import { listRelations, type Relation } from "../db/registry.ts";
import { readAllShapes } from "../db/shapes.ts";
import { findTransaction, findTransactionOf } from "../db/transaction.ts";
import { findChange, findPlace, streamTransactionChanges } from "../db/transactionChanges.ts";
import { summarizeTransaction } from "../db/transactions.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { tablesChangeColumns, tablesChangeRow } from "../output/changes.ts";
import { changeJson } from "../output/json.ts";
import {
  memberText,
  type ShownChange,
  shownChangeJson,
  shownChangeText,
  transactionHead,
} from "../output/show.ts";
import { transactionJson } from "../output/transaction.ts";
import { settleFilter } from "./changeFilter.ts";

/** Prints one change, or one transaction with all of its changes, in full. */
export async function runShow(options: ShowOptions, io: Io): Promise<void> {
  const { kind, id } = options.what;
  if (kind === "change") requireNoFilter(options);
  await withReading(options, io, async (audit, zone) => {
    const relations = new Map((await listRelations(audit)).map((relation) => [relation.id, relation]));
    const reading = { audit, zone, relations };
    await audit.need?.({ only: { kind, id } });
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
  if (found && found.key !== null) await audit.need?.({ relations: [found.relation], key: found.key });
  const transaction = await findTransactionOf(audit, id);
  if (found === undefined || transaction === undefined) throw unknownChange(id);
  const relation = relations.get(found.relation);
  const { document, text } = await readersOf(audit, relation ? [relation] : [], options);
  const shown: ShownChange = {
    change: found,
    transaction: { ...transaction, era: transaction.era.era },
    place: await findPlace(audit, transaction, id),
    ...(await readNeighbours(audit, found.relation, found)),
  };
  const now = io.now();
  await writeAnswer(
    {
      batches: [[shown]],
      extra: {},
      json: (item) => shownChangeJson({ ...item, change: document(found) }),
      columns: tablesChangeColumns,
      row: () => tablesChangeRow(document(found)),
      text: (item, look) => shownChangeText({ ...item, change: text(found) }, { ...look, now, zone }),
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
  const { shapes, document, text } = await readersOf(audit, touched, options);
  const filter = await settleFilter(audit, { op, column, tz }, io, shapes);
  const now = io.now();
  let head = true;
  const shown = await writeAnswer(
    {
      batches: streamTransactionChanges(audit, relations, found, filter, limit),
      extra: { transaction: transactionJson(summary) },
      json: (change) => changeJson(document(change)),
      columns: tablesChangeColumns,
      row: (change) => tablesChangeRow(document(change)),
      text: (change, look) => {
        const dressed = { ...look, now, zone };
        const above = head ? transactionHead(summary, dressed) : "";
        head = false;
        return above + memberText(text(change), dressed, summary.originCount);
      },
    },
    options,
    io,
  );
  if (shown === 0) io.err(`No change of transaction ${id} fits.\n`);
}

/** How the changes of some tables are shown, each by its own table's columns. */
async function readersOf(
  audit: AuditDatabase,
  relations: readonly Relation[],
  { schema }: Pick<ShowOptions, "schema">,
) {
  const shapes = await readAllShapes(audit, relations);
  const readers = new Map([...shapes].map(([id, own]) => [id, changeReaders(own, { schema })]));
  return {
    shapes,
    document: (change: TableChange) => readers.get(change.relation)?.document(change) ?? change,
    text: (change: TableChange) => readers.get(change.relation)?.text(change) ?? change,
  };
}
