import { fromMicroseconds, toMicroseconds } from "./instant.ts";
import type { Interval } from "./interval.ts";
import { type HeldPart, holdsKeep } from "./legalHold.ts";
import { type Rotation, whyRotate } from "./rotation.ts";

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
  /** Where it was set for the class; otherwise the cutoff says when. */
  readonly rotation?: Rotation | undefined;
}

/** Computed by the server for one class: calendar arithmetic is not ours to do. */
export interface Cutoff {
  /** now − keep: what is older has expired. */
  readonly cutoff: string;
  /** A tenth of the interval ago, a month at most: when the class's hot segment is due, unless it was set otherwise. */
  readonly rotateBefore: string;
}

/** What to do with one segment and why; `reason` is a clause that follows the segment's name. */
export interface Decision {
  readonly segment: Segment;
  readonly act: "archive" | "drop" | "delete" | "close" | "rotate" | "keep";
  readonly reason: string;
  /** Where the decision rests on it. For `delete`: changes before it go, but for those under a hold. */
  readonly cutoff?: string;
}

/** What else a plan goes by. */
export interface PlanTerms {
  /** By segment, what legal holds keep of what has expired in it; a segment of which nothing is held is not in it. */
  readonly held?: ReadonlyMap<number, HeldPart> | undefined;
  /** Whether all that has expired goes at once, rather than with the whole of its segment. */
  readonly exact?: boolean | undefined;
}

/**
 * Decides for every segment, once each and in the order given. Same input, same plan: the preview and the
 * run share it, and each phase (rotate, close, drop) asks again with what is there then. When in doubt it
 * keeps: a class that is not known, a cutoff that is missing, an extent nobody recorded. What is under a legal hold stays.
 */
export function planPrune(
  segments: readonly Segment[],
  classes: readonly RetentionClass[],
  cutoffs: ReadonlyMap<string, Cutoff>,
  now: string,
  { held, exact = false }: PlanTerms = {},
): Decision[] {
  const classOf = new Map(classes.map((retention) => [retention.name, retention]));
  return segments.map((segment) => {
    const decision = decide(segment, classOf.get(segment.retention), cutoffs, now, exact);
    return aroundHolds(decision, held?.get(segment.id));
  });
}

/** A segment of which something is held does not go as a whole; where all that is due is held, it stays as it is. */
function aroundHolds(decision: Decision, held: HeldPart | undefined): Decision {
  const { segment, act, reason, cutoff } = decision;
  if (held === undefined || held.by.length === 0 || cutoff === undefined) return decision;
  if (act !== "drop" && act !== "delete" && !(act === "rotate" && !held.free)) return decision;
  const who = holdsKeep(held.by);
  if (!held.free) return { segment, act: "keep", reason: `${who} all of it that has expired`, cutoff };
  return { segment, act: "delete", reason: `${reason}, but ${who} a part of it`, cutoff };
}

function decide(
  segment: Segment,
  retention: RetentionClass | undefined,
  cutoffs: ReadonlyMap<string, Cutoff>,
  now: string,
  exact: boolean,
): Decision {
  if (segment.state === "closing") {
    if (segment.safeToClose)
      return { segment, act: "close", reason: "no transaction from before the rotation is left" };
    return { segment, act: "keep", reason: "a transaction from before the rotation is still running" };
  }
  if (retention === undefined) {
    return { segment, act: "keep", reason: `its retention class "${segment.retention}" is not known` };
  }
  const due = cutoffs.get(retention.name);
  if (segment.state === "hot") return decideHot(segment, retention, due, exact);
  if (retention.keep === undefined) return { segment, act: "keep", reason: "kept for ever" };
  if (due === undefined) return { segment, act: "keep", reason: "its cutoff is not known" };
  return decideClosed(segment, longestOf(retention, due), now, exact);
}

function decideHot(
  segment: Segment,
  { keep, rotation }: RetentionClass,
  due: Cutoff | undefined,
  exact: boolean,
): Decision {
  const before = rotation?.before ?? (keep === undefined ? undefined : due?.rotateBefore);
  const bytes = rotation?.bytes;
  if (before === undefined && bytes === undefined) {
    return { segment, act: "keep", reason: keep === undefined ? "kept for ever" : "its cutoff is not known" };
  }
  if (segment.firstAt === undefined && segment.changes <= 0) {
    return { segment, act: "keep", reason: "it is empty" };
  }
  const why = whyRotate(segment, { before, age: rotation?.age, bytes });
  if (why !== undefined) return { segment, act: "rotate", reason: why };
  if (
    exact &&
    due !== undefined &&
    segment.firstAt !== undefined &&
    toMicroseconds(segment.firstAt) < toMicroseconds(due.cutoff)
  ) {
    const reason = `its changes before ${due.cutoff} have expired, and only a closed segment can give them away`;
    return { segment, act: "rotate", reason, cutoff: due.cutoff };
  }
  return { segment, act: "keep", reason: "it takes the changes of today and is not due for rotation" };
}

/**
 * What counts as one rotation of a segment that is there: the longer one of what was set and of what holds without, so
 * that segments from before a shorter one was set, or from between two rare runs, still go as a whole.
 */
function longestOf({ rotation }: RetentionClass, due: Cutoff): Cutoff {
  const before = rotation?.before;
  if (before === undefined || toMicroseconds(before) >= toMicroseconds(due.rotateBefore)) return due;
  return { ...due, rotateBefore: before };
}

function decideClosed(segment: Segment, due: Cutoff, nowText: string, exact: boolean): Decision {
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
  if (first < cutoff && exact) {
    const reason = `its changes before ${due.cutoff} have expired, and --exact does not wait for the others`;
    return { segment, act: "delete", reason, cutoff: due.cutoff };
  }
  // The present length of the interval; a month later it may be days off, hence "about".
  const expires = fromMicroseconds(last + (now - cutoff));
  return { segment, act: "keep", reason: `its newest change expires about ${expires}`, cutoff: due.cutoff };
}

/** All that planPrune decides by, as read at one moment. */
export interface PruneFacts extends PlanTerms {
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
  const [decision] = planPrune([segment], facts.classes, facts.cutoffs, facts.now, facts);
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
