import { layArchivedLog } from "../db/archivedLog.ts";
import { type GoneSegment, listGoneSegments, requireArchives } from "../db/goneChanges.ts";
import { insertChanges } from "../db/insertChanges.ts";
import type { AuditDatabase } from "../db/installation.ts";
import type { Need } from "../db/need.ts";
import { earliestBeginning, findXid, keysOfLife, settleNeed } from "../db/settleNeed.ts";
import type { Io } from "../io.ts";
import { countOf, countText } from "../output/duration.ts";
import { createProgress } from "../output/progress.ts";
import type { ArchivedChange } from "./change.ts";
import { checkedTarget } from "./checkedTarget.ts";
import { makeGoneTest } from "./goneTest.ts";
import { findHeld } from "./held.ts";
import type { Manifest } from "./manifest.ts";
import { filterOf, isNeeded, mayHold, partsOf, type SettledNeed } from "./neededChanges.ts";
import { readFiles } from "./readFiles.ts";
import { openTarget, type Target } from "./target.ts";
import { isBefore } from "./timestamp.ts";

/**
 * Reads the installation with what went from it into the archive at `text`, within a transaction that is to be rolled back:
 * `work` says what its question needs (`need`), and asks the same queries as ever. Exit 4 where something in the archive is
 * missing or damaged, 5 where it is another installation's.
 */
export async function withArchived<T>(
  audit: AuditDatabase,
  text: string,
  io: Io,
  work: (audit: AuditDatabase) => Promise<T>,
): Promise<T> {
  const target = openTarget(text, io.env);
  await requireArchives(audit);
  const gone = await listGoneSegments(audit);
  const manifests = await findHeld(audit, target, gone);
  const log = await layArchivedLog(audit, [...manifests.keys()]);
  const reader = new ColdReader({ audit, target, gone, manifests, io, table: log.table });
  return work({
    ...log.audit,
    need: async (need) => {
      await reader.bring(log.audit, need);
      await log.settle();
    },
  });
}

interface ColdSource {
  /** The installation as it is without the archive. */
  readonly audit: AuditDatabase;
  readonly target: Target;
  readonly gone: readonly GoneSegment[];
  /** By segment, those the target holds. */
  readonly manifests: ReadonlyMap<number, Manifest>;
  readonly io: Io;
  /** Where the changes are put, as SQL. */
  readonly table: string;
}

/** Brings archived changes into the server, each once, however often it is needed. */
class ColdReader {
  readonly #source: ColdSource;
  readonly #brought: SettledNeed[] = [];
  readonly #tests = new Map<number, (change: ArchivedChange) => boolean>();
  readonly #missed = new Set<number>();

  constructor(source: ColdSource) {
    this.#source = source;
  }

  /** `log` shows what has been brought so far beside what is in the database. */
  async bring(log: AuditDatabase, need: Need): Promise<void> {
    const { io, target } = this.#source;
    const progress = createProgress(io, "reading the archive:");
    const segments = new Set<number>();
    let changes = 0;
    const load = async (settled: SettledNeed) => {
      for await (const { segment, count } of this.#load(settled)) {
        segments.add(segment);
        changes += count;
        progress.say(countOf(changes, "change"));
      }
    };
    try {
      if (need.only) await this.#bringTransaction(log, need.only, load);
      else await this.#bringTables(log, need, load);
    } finally {
      progress.end();
    }
    io.err(
      changes === 0
        ? `No archived change is needed from ${target.text}.\n`
        : `${countText(changes)} archived ${changes === 1 ? "change" : "changes"} of ${countOf(segments.size, "segment")} read from ${target.text}.\n`,
    );
  }

  async #bringTables(log: AuditDatabase, need: Need, load: (need: SettledNeed) => Promise<void>) {
    const settled = await settleNeed(log, need);
    this.#tellMissing(settled);
    const { relations, moments = [] } = settled;
    const [relation] = need.relations ?? [];
    const keysAtHand = async () =>
      need.key === undefined || relation === undefined ? undefined : keysOfLife(log, relation, need.key);
    for (let keys = await keysAtHand(); ; ) {
      for (const part of partsOf({ ...settled, keys })) await load(part);
      const earliest = await earliestBeginning(log, moments);
      if (earliest !== undefined) await load({ relations, keys, since: { at: earliest } });
      // Archived changes may tell of keys that the row had before.
      const more = await keysAtHand();
      if (more === undefined || more.size === keys?.size) return;
      keys = more;
    }
  }

  async #bringTransaction(
    log: AuditDatabase,
    { kind, id }: NonNullable<Need["only"]>,
    load: (need: SettledNeed) => Promise<void>,
  ) {
    this.#tellMissing({});
    if (kind === "tx") return load({ tx: id });
    await load({ id: BigInt(id) });
    const tx = await findXid(log, id);
    if (tx !== undefined) await load({ tx });
  }

  /** Says once of each segment that may hold what is needed, and is not here, where it lies. */
  #tellMissing({ relations, since }: SettledNeed): void {
    const { gone, manifests, target, io } = this.#source;
    for (const { id, parts, archives } of gone) {
      const concerned = parts.some(
        ({ relation, until }) =>
          (relations === undefined || relations.has(relation)) && (!since || isBefore(since.at, until)),
      );
      if (manifests.has(id) || this.#missed.has(id) || !concerned) continue;
      this.#missed.add(id);
      const places = archives.map((archive) => archive.target);
      const where = places.length === 0 ? "no archive that is known" : places.join(" and ");
      io.err(
        `note: segment ${id} is gone from the database and not in ${target.text}; it lies in ${where}\n`,
      );
    }
  }

  async *#load(need: SettledNeed): AsyncGenerator<{ segment: number; count: number }, void, undefined> {
    const { audit, gone, manifests, target, table } = this.#source;
    const former = [...this.#brought];
    for (const segment of gone) {
      const files = manifests.get(segment.id)?.files.filter((file) => mayHold(need, file)) ?? [];
      // What is on its way out and still there is read where it is.
      if (files.length === 0 || (segment.state === "dropping" && segment.isThere)) continue;
      const isGone = await this.#goneTest(segment);
      const accept = (change: ArchivedChange) =>
        isNeeded(need, change) && isGone(change) && !former.some((other) => isNeeded(other, change));
      // The server takes one batch in while the next is decoded.
      let inserting: Promise<void> = Promise.resolve();
      for await (const batch of readFiles(checkedTarget(target, files), files, {
        ...filterOf(need),
        accept,
      })) {
        await inserting;
        inserting = insertChanges(audit.sql, table, batch);
        inserting.catch(() => {});
        yield { segment: segment.id, count: batch.length };
      }
      await inserting;
    }
    this.#brought.push(need);
  }

  async #goneTest(segment: GoneSegment): Promise<(change: ArchivedChange) => boolean> {
    const test = this.#tests.get(segment.id) ?? (await makeGoneTest(this.#source.audit, segment));
    this.#tests.set(segment.id, test);
    return test;
  }
}
