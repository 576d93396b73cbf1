import { createHash } from "node:crypto";
import { type ArchivedChange, canonicalLine, columnIndex, requiredText } from "./change.ts";
import type { Compression } from "./compression.ts";
import { encodeFile, extensionOf } from "./format.ts";
import type { ArchivedFile, ArchiveFormat } from "./manifest.ts";
import { dataPath } from "./paths.ts";
import type { Target } from "./target.ts";
import { isBefore, monthOf } from "./timestamp.ts";

export interface SegmentContext {
  readonly segmentId: number;
  readonly tableOf: (relation: number) => { readonly schema: string; readonly table: string };
  readonly format: ArchiveFormat;
  readonly compression: Compression;
  /** A file takes no more changes than this; the next part goes on. */
  readonly mostChanges?: number;
}

/** Beyond it a file's footer, and what a reader must fetch at once, grow without use. */
const MOST_CHANGES = 2_000_000;

/**
 * Writes the data files of a segment, one for each table and month, and tells what proves them; not the
 * manifest. The changes come ordered by (relation, month, key collate "C" nulls first, id); all of them are in
 * the files, or it throws. `onChanges` hears how many more are written.
 */
export async function writeSegment(
  target: Target,
  changes: AsyncIterable<readonly ArchivedChange[]>,
  context: SegmentContext,
  onChanges: (count: number) => void = () => {},
): Promise<ArchivedFile[]> {
  const source = new GroupedChanges(changes, context);
  const files: ArchivedFile[] = [];
  try {
    let last: Group | undefined;
    let part = 1;
    for (let group = await source.next(); group !== undefined; group = await source.next()) {
      part = last !== undefined && isSame(last, group) ? part + 1 : 1;
      if (part === 1 && files.some((file) => isSame(file, group))) {
        throw new Error(`the changes of relation ${group.relation} in ${group.month} do not come together`);
      }
      files.push(await writeFile(target, source, { ...group, part }, context, onChanges));
      last = group;
    }
  } finally {
    await source.close();
  }
  return files;
}

interface Group {
  readonly relation: number;
  readonly month: string;
}

function isSame(one: Group, other: Group): boolean {
  return one.relation === other.relation && one.month === other.month;
}

async function writeFile(
  target: Target,
  source: GroupedChanges,
  { relation, month, part }: Group & { part: number },
  context: SegmentContext,
  onChanges: (count: number) => void,
): Promise<ArchivedFile> {
  const { format, compression, segmentId } = context;
  const extension = extensionOf(format, compression);
  const path = dataPath({
    ...context.tableOf(relation),
    month,
    segment: segmentId,
    relation,
    part,
    extension,
  });
  const content = createHash("sha256");
  const object = createHash("sha256");
  let bytes = 0;
  let count = 0;
  let extent: Extent | undefined;
  async function* observed(): AsyncGenerator<readonly ArchivedChange[]> {
    for await (const batch of source.group()) {
      let lines = "";
      for (const change of batch) {
        lines += canonicalLine(change);
        extent = widened(extent, change);
      }
      content.update(lines);
      count += batch.length;
      yield batch;
      onChanges(batch.length);
    }
  }
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of encodeFile(observed(), format, compression)) {
      object.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  await target.write(path, measured());
  if (extent === undefined) throw new Error(`no changes for ${path}`);
  return {
    path,
    relation,
    month,
    format,
    compression,
    changes: count,
    bytes,
    sha256: object.digest("hex"),
    content: content.digest("hex"),
    firstId: String(extent.firstId),
    lastId: String(extent.lastId),
    firstAt: extent.firstAt,
    lastAt: extent.lastAt,
    firstBegan: extent.firstBegan,
  };
}

/** Smallest and greatest id and instant of the changes of one month. */
export interface Extent {
  readonly firstId: bigint;
  readonly lastId: bigint;
  readonly firstAt: string;
  readonly lastAt: string;
  /** null: not known of one of them. */
  readonly firstBegan: string | null;
}

/** The extent with one change more. */
export function widened(extent: Extent | undefined, change: ArchivedChange): Extent {
  const id = BigInt(requiredText(change, "id"));
  const at = requiredText(change, "at");
  const began = change[columnIndex.began] ?? null;
  if (extent === undefined) return { firstId: id, lastId: id, firstAt: at, lastAt: at, firstBegan: began };
  const { firstId, lastId, firstAt, lastAt } = extent;
  const firstBegan = earlier(extent.firstBegan, began);
  if (id >= firstId && id <= lastId && at >= firstAt && at <= lastAt && firstBegan === extent.firstBegan)
    return extent;
  return {
    firstId: id < firstId ? id : firstId,
    lastId: id > lastId ? id : lastId,
    // Within a month the printed texts sort as the instants do: "+" and the digits come in the right order.
    firstAt: at < firstAt ? at : firstAt,
    lastAt: at > lastAt ? at : lastAt,
    firstBegan,
  };
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null;
  return one === other || isBefore(one, other) ? one : other;
}

/** Cuts the stream of changes where the file does: at another relation or month, and when a file is full. */
class GroupedChanges {
  readonly #batches: AsyncIterator<readonly ArchivedChange[]>;
  readonly #segment: string;
  readonly #most: number;
  #rest: readonly ArchivedChange[] = [];
  #ended = false;

  constructor(changes: AsyncIterable<readonly ArchivedChange[]>, context: SegmentContext) {
    this.#batches = changes[Symbol.asyncIterator]();
    this.#segment = String(context.segmentId);
    this.#most = context.mostChanges ?? MOST_CHANGES;
  }

  /** The group of the change that comes next; undefined at the end. */
  async next(): Promise<Group | undefined> {
    await this.#fill();
    const [first] = this.#rest;
    if (first === undefined) return undefined;
    return { relation: Number(requiredText(first, "relation")), month: monthOf(requiredText(first, "at")) };
  }

  /** The changes of one file. */
  async *group(): AsyncGenerator<readonly ArchivedChange[]> {
    const group = await this.next();
    if (group === undefined) return;
    const relation = String(group.relation);
    let room = this.#most;
    while (room > 0 && this.#rest.length > 0) {
      const batch = this.#rest;
      const most = Math.min(room, batch.length);
      let end = 0;
      for (; end < most; end++) {
        const change = batch[end] ?? [];
        if (requiredText(change, "relation") !== relation) break;
        if (monthOf(requiredText(change, "at")) !== group.month) break;
        if (requiredText(change, "segment") !== this.#segment) {
          throw new Error(
            `a change of segment ${requiredText(change, "segment")} among those of ${this.#segment}`,
          );
        }
      }
      this.#rest = batch.slice(end);
      if (end > 0) yield batch.slice(0, end);
      if (end < batch.length) return;
      room -= end;
      await this.#fill();
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#batches.return?.();
  }

  async #fill(): Promise<void> {
    while (this.#rest.length === 0 && !this.#ended) {
      const next = await this.#batches.next();
      if (next.done) this.#ended = true;
      else this.#rest = next.value;
    }
  }
}
