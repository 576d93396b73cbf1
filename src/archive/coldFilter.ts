import { type ArchivedChange, columnIndex, requiredText } from "./change.ts";
import { microsecondsOf } from "./timestamp.ts";

/** Which of the archived changes are asked for: those that every given part takes. */
export interface ColdFilter {
  /** Only rows whose key or old_key is one of these. */
  readonly keys?: ReadonlySet<string> | undefined;
  /** With keys: also rows that have no key, such as a TRUNCATE, which concerns every row. */
  readonly keyless?: boolean | undefined;
  /** Any other pure test. */
  readonly accept?: ((change: ArchivedChange) => boolean) | undefined;
  /** At this instant or later: as PostgreSQL prints it in UTC, or ISO 8601 with Z or +00:00. */
  readonly sinceAt?: string | undefined;
  /** At this instant or earlier. */
  readonly untilAt?: string | undefined;
  /** Of a transaction that began at this instant or earlier, or does not say when. */
  readonly beganBy?: string | undefined;
}

/** The filter as one test of a change. */
export function testOf(filter: ColdFilter): (change: ArchivedChange) => boolean {
  const { keys, keyless = false, accept } = filter;
  const { since, until, beganBy } = boundsOf(filter);
  const bounded = since !== undefined || until !== undefined;
  return (change) => {
    if (keys !== undefined && !hasKey(change, "key", keys) && !hasKey(change, "old_key", keys)) {
      if (!keyless || change[columnIndex.key] !== null) return false;
    }
    if (bounded) {
      const at = microsecondsOf(requiredText(change, "at"));
      if ((since !== undefined && at < since) || (until !== undefined && at > until)) return false;
    }
    if (beganBy !== undefined) {
      const began = change[columnIndex.began] ?? null;
      if (began !== null && microsecondsOf(began) > beganBy) return false;
    }
    return accept === undefined || accept(change);
  };
}

/** Its instants in microseconds. */
export function boundsOf({ sinceAt, untilAt, beganBy }: ColdFilter): {
  since?: bigint;
  until?: bigint;
  beganBy?: bigint;
} {
  return {
    ...(sinceAt === undefined ? {} : { since: microsecondsOf(sinceAt) }),
    ...(untilAt === undefined ? {} : { until: microsecondsOf(untilAt) }),
    ...(beganBy === undefined ? {} : { beganBy: microsecondsOf(beganBy) }),
  };
}

function hasKey(change: ArchivedChange, column: "key" | "old_key", keys: ReadonlySet<string>): boolean {
  const key = change[columnIndex[column]];
  return typeof key === "string" && keys.has(key);
}
