import { fromMicroseconds, toMicroseconds } from "./instant.ts";
import type { Interval } from "./interval.ts";

/** One partition of the log, as prune sees it. Instants are ISO 8601 with offset. */
export interface Segment {
  readonly id: number;
  /** Name of its retention class. */
  readonly retention: string;
  readonly era: number;
  /** hot takes new changes; closing no longer does, but a transaction may still be at it; closed never changes. */
  readonly state: "hot" | "closing" | "closed";
  readonly openedAt: string;
  /** Its oldest and newest change; undefined when it has none, or when nobody looked (hot). */
  readonly firstAt?: string | undefined;
  readonly lastAt?: string | undefined;
  /** An estimate while it is hot. */
  readonly changes: bigint | number;
  readonly bytes: number;
  /** Whether no transaction from before its rotation is left. */
  readonly safeToClose: boolean;
  /** The archives in which it lies and was read back. */
  readonly archivedIn?: readonly string[];
  /** Whether a part of it is gone, and lies in archives alone. */
  readonly partial?: boolean;
  /** It was brought back from an archive and is kept until then. */
  readonly restoredUntil?: string | undefined;
}

export interface RetentionClass {
  readonly name: string;
  /** undefined means for ever. */
  readonly keep: Interval | undefined;
}

/** Computed by the server for one class: calendar arithmetic is not ours to do. */
export interface Cutoff {
  /** now − keep: what is older has expired. */
  readonly cutoff: string;
  /** A hot segment opened before this is due for rotation (a tenth of the interval, a month at most). */
  readonly rotateBefore: string;
}

/** What to do with one segment and why; `reason` is a clause that follows the segment's name. */
export interface Decision {
  readonly segment: Segment;
  readonly act: "archive" | "drop" | "delete" | "close" | "rotate" | "keep";
  readonly reason: string;
  /** Where the decision rests on it. For `delete`: changes before it go. */
  readonly cutoff?: string;
}

/**
 * Decides for every segment, once each and in the order given. Same input, same plan: the preview and the
 * run share it, and each phase (rotate, close, drop) asks again with what is there then. When in doubt it
 * keeps: a class that is not known, a cutoff that is missing, an extent nobody recorded.
 */
export function planPrune(
  segments: readonly Segment[],
  classes: readonly RetentionClass[],
  cutoffs: ReadonlyMap<string, Cutoff>,
  now: string,
): Decision[] {
  const classOf = new Map(classes.map((retention) => [retention.name, retention]));
  return segments.map((segment) => decide(segment, classOf.get(segment.retention), cutoffs, now));
}

function decide(
  segment: Segment,
  retention: RetentionClass | undefined,
  cutoffs: ReadonlyMap<string, Cutoff>,
  now: string,
): Decision {
  if (segment.state === "closing") {
    if (segment.safeToClose)
      return { segment, act: "close", reason: "no transaction from before the rotation is left" };
    return { segment, act: "keep", reason: "a transaction from before the rotation is still running" };
  }
  if (retention === undefined) {
    return { segment, act: "keep", reason: `its retention class "${segment.retention}" is not known` };
  }
  if (retention.keep === undefined) return { segment, act: "keep", reason: "kept for ever" };
  const due = cutoffs.get(retention.name);
  if (due === undefined) return { segment, act: "keep", reason: "its cutoff is not known" };
  return segment.state === "hot" ? decideHot(segment, due) : decideClosed(segment, due, now);
}

function decideHot(segment: Segment, due: Cutoff): Decision {
  if (segment.firstAt === undefined && segment.changes <= 0) {
    return { segment, act: "keep", reason: "it is empty" };
  }
  if (toMicroseconds(segment.openedAt) < toMicroseconds(due.rotateBefore)) {
    return { segment, act: "rotate", reason: `it was opened at ${segment.openedAt} and is due for rotation` };
  }
  return { segment, act: "keep", reason: "it takes the changes of today and is not due for rotation" };
}

function decideClosed(segment: Segment, due: Cutoff, nowText: string): Decision {
  const { firstAt, lastAt, restoredUntil } = segment;
  if (restoredUntil !== undefined && toMicroseconds(nowText) < toMicroseconds(restoredUntil))
    return { segment, act: "keep", reason: `it was brought back from its archive until ${restoredUntil}` };
  if (firstAt === undefined || lastAt === undefined) {
    if (firstAt === lastAt && segment.changes <= 0)
      return { segment, act: "drop", reason: "it is closed and empty" };
    return { segment, act: "keep", reason: "the instants of its changes are not known" };
  }
  const first = toMicroseconds(firstAt);
  const last = toMicroseconds(lastAt);
  const cutoff = toMicroseconds(due.cutoff);
  const now = toMicroseconds(nowText);
  if (last < cutoff) {
    return { segment, act: "drop", reason: `its newest change is of ${lastAt}`, cutoff: due.cutoff };
  }
  if (first < cutoff && last - first > now - toMicroseconds(due.rotateBefore)) {
    return {
      segment,
      act: "delete",
      reason: `it spans more than one rotation, and its changes before ${due.cutoff} have expired`,
      cutoff: due.cutoff,
    };
  }
  // The present length of the interval; a month later it may be days off, hence "about".
  const expires = fromMicroseconds(last + (now - cutoff));
  return { segment, act: "keep", reason: `its newest change expires about ${expires}`, cutoff: due.cutoff };
}

/** All that planPrune decides by, as read at one moment. */
export interface PruneFacts {
  readonly segments: readonly Segment[];
  readonly classes: readonly RetentionClass[];
  readonly cutoffs: ReadonlyMap<string, Cutoff>;
  readonly now: string;
  /** The archive in which a segment must lie before any of it may go; undefined where none is asked for. */
  readonly archive?: string | undefined;
}

/**
 * Everything one run would do: a segment that is rotated is closed in the same run, and what is then due of it
 * goes, if no older transaction is in the way. Several decisions for one segment stand in the order of acting.
 */
export function planRun(facts: PruneFacts): Decision[] {
  return facts.segments.flatMap((segment) => decisionsOf(segment, facts));
}

function decisionsOf(segment: Segment, facts: PruneFacts): Decision[] {
  const [decision] = planPrune([segment], facts.classes, facts.cutoffs, facts.now);
  if (!decision) return [];
  if (decision.act === "rotate") {
    const next = decisionsOf({ ...segment, state: "closing", safeToClose: true }, facts);
    return [decision, ...next];
  }
  if (decision.act === "close") {
    const next = decisionsOf({ ...segment, state: "closed" }, facts);
    return [decision, ...next.filter(({ act }) => act !== "keep")];
  }
  if (decision.act === "drop" || decision.act === "delete") return removal(decision, facts.archive);
  return [decision];
}

/** What removes changes, with what has to come before it; an archive they lie in is told of. */
function removal(decision: Decision, archive: string | undefined): Decision[] {
  const { segment, reason } = decision;
  const copies = segment.archivedIn ?? [];
  if (copies.length > 0 && (archive === undefined || copies.includes(archive)))
    return [{ ...decision, reason: `${reason}; archived in ${archive ?? copies.join(", ")}` }];
  if (archive === undefined || segment.changes <= 0) return [decision];
  if (segment.partial)
    return [
      {
        segment,
        act: "keep",
        reason: `a part of it lies in ${copies.join(", ") || "another archive"} alone`,
      },
    ];
  return [
    { segment, act: "archive", reason: `it is due, and not yet in ${archive}` },
    { ...decision, reason: `${reason}; archived in ${archive}` },
  ];
}
