import type { DiffOptions } from "../commands/diff.ts";
import { arrangeDifference } from "../core/image.ts";
import { toMicroseconds } from "../core/instant.ts";
import { parseIdentifier, tableLabel } from "../core/name.ts";
import { netOf } from "../core/net.ts";
import { safeText } from "../core/safe.ts";
import { namesInOrder } from "../core/shapes.ts";
import { parseWhen } from "../core/when.ts";
import { changesBetween, changesOfTransaction, type Span, streamChanges, streamNet } from "../db/between.ts";
import { streamDifferences } from "../db/differences.ts";
import type { AuditDatabase } from "../db/installation.ts";
import { settleInstant } from "../db/instants.ts";
import { isCovered, unknownColumns } from "../db/past.ts";
import { unknownTransaction } from "../db/references.ts";
import { listRelations, type Relation, resolveKey, resolveRelation } from "../db/registry.ts";
import { readShapes } from "../db/shapes.ts";
import { type FoundTransaction, findTransaction } from "../db/transaction.ts";
import { listTouched } from "../db/transactionChanges.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import type { DifferenceItem } from "../output/diff.ts";
import { instantJson } from "../output/instant.ts";
import type { ExtraFields } from "../output/json.ts";
import type { Instant, RowDifference } from "../types.ts";

/** One table's differences, not read before they are asked for. */
export interface DiffSource {
  readonly relation: Relation;
  readonly batches: () => AsyncGenerator<DifferenceItem[], void, undefined>;
  /** What has to be said of columns that cannot be compared. */
  readonly notes: readonly string[];
}

export interface DiffSources {
  readonly sources: readonly DiffSource[];
  /** What a document says of the whole. */
  readonly extra: ExtraFields;
  /** The instant whose columns are compared. */
  readonly instant: Instant;
  /** Whether tables were left out because their past is not known. */
  readonly incomplete: boolean;
}

type Settled =
  | { readonly kind: "between"; readonly span: Span }
  | { readonly kind: "tx"; readonly tx: FoundTransaction; readonly done: Instant };

/** Finds what is to be compared, and says on stderr between which instants, and what cannot be. */
export async function settleSources(
  audit: AuditDatabase,
  options: DiffOptions,
  io: Io,
): Promise<DiffSources> {
  const named = options.table === undefined ? undefined : await resolveRelation(audit, options.table);
  const settled = await settleSpan(audit, options, io);
  const key = named && options.key.length > 0 ? await resolveKey(audit, named, options.key) : undefined;
  const wanted = named ? [named] : await relationsOf(audit, options, settled);
  if (settled.kind === "between") {
    const { from, to } = settled.span;
    await audit.need?.({ relations: wanted.map(({ id }) => id), since: from, moments: [from, to] });
  }
  const covered: Relation[] = [];
  for (const relation of wanted) {
    if (named || settled.kind === "tx" || (await isCovered(audit, relation, settled.span.from)))
      covered.push(relation);
    else
      io.err(
        `note: ${label(relation)} is left out: its past does not reach back so far; see audit diff ${label(relation)}\n`,
      );
  }
  const sources: DiffSource[] = [];
  for (const relation of covered)
    sources.push(await sourceOf(audit, relation, settled, { ...options, key }, io));
  const extra = named ? { schema: named.schema, table: named.table } : {};
  return {
    sources,
    extra:
      settled.kind === "tx"
        ? { ...extra, tx: settled.tx.tx, at: instantJson(settled.done) }
        : { ...extra, from: instantJson(settled.span.from), to: instantJson(settled.span.to) },
    instant: settled.kind === "tx" ? settled.done : settled.span.from,
    incomplete: covered.length < wanted.length,
  };
}

async function settleSpan(audit: AuditDatabase, options: DiffOptions, io: Io): Promise<Settled> {
  const { span } = options;
  if (span.kind === "tx") {
    const done = await settleInstant(audit, span.tx, options, io, "done: ");
    const tx = await findTransaction(audit, span.tx.id);
    if (tx === undefined) throw unknownTransaction(span.tx.id);
    return { kind: "tx", tx, done };
  }
  const from = await settleInstant(audit, span.from, options, io, "from: ");
  const to = await settleInstant(audit, span.to ?? parseWhen("now"), options, io, "to: ");
  if (toMicroseconds(from.at) > toMicroseconds(to.at))
    throw usageError(`--from ${from.at} is later than --to ${to.at}.`, "Exchange the two.");
  return { kind: "between", span: { from, to } };
}

/** In the order of their names; those of a transaction in the order in which it came to them. */
async function relationsOf(
  audit: AuditDatabase,
  { schema }: DiffOptions,
  settled: Settled,
): Promise<Relation[]> {
  const all = await listRelations(audit);
  const name = schema === undefined ? undefined : parseIdentifier(schema);
  const inScope = all.filter((relation) => name === undefined || relation.schema === name);
  if (name !== undefined && inScope.length === 0)
    throw usageError(
      `No table of schema ${safeText(name)} is audited.`,
      "See what is audited with: audit status",
    );
  if (settled.kind === "between") return inScope.filter(({ dropped, enabled }) => enabled && !dropped);
  const touched = await listTouched(audit, settled.tx);
  return touched.flatMap((id) => inScope.find((relation) => relation.id === id) ?? []);
}

async function sourceOf(
  audit: AuditDatabase,
  relation: Relation,
  settled: Settled,
  { key, each, table }: Pick<DiffOptions, "each" | "table"> & { readonly key: string | undefined },
  io: Io,
): Promise<DiffSource> {
  const columns = namesInOrder(await readShapes(audit, relation));
  const item = (difference: RowDifference): DifferenceItem => ({
    schema: relation.schema,
    table: relation.table,
    difference: arrangeDifference(difference, columns),
  });
  const unknown = settled.kind === "between" ? await unknownColumns(audit, relation, settled.span.from) : [];
  const notes = unknown
    .filter(({ reason }) => reason !== "redacted")
    .map(({ name, reason }) => {
      const of = table === undefined ? ` of ${label(relation)}` : "";
      return `column ${safeText(name)}${of} is not compared: ${safeText(reason)}`;
    });
  const loss = () =>
    io.err(`note: ${label(relation)} was truncated, and the rows that it lost were not recorded\n`);
  async function* batches(): AsyncGenerator<DifferenceItem[], void, undefined> {
    if (settled.kind === "between" && !each) {
      for await (const found of streamDifferences(audit, relation, settled.span, key)) yield found.map(item);
      return;
    }
    const source =
      settled.kind === "tx"
        ? await changesOfTransaction(audit, relation, settled.tx)
        : await changesBetween(audit, relation, settled.span);
    if (!each) {
      for await (const found of streamNet(audit, relation, source, { key, onLoss: loss }))
        yield found.map(item);
      return;
    }
    for await (const changes of streamChanges(audit, relation, source, key))
      yield changes.flatMap((change) =>
        netOf([change]).map((difference) => ({ ...item(difference), change })),
      );
  }
  return { relation, batches, notes };
}

function label(relation: Relation): string {
  return tableLabel(relation);
}
