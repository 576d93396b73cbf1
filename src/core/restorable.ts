import { toMicroseconds } from "./instant.ts";

/** Which segments are to be brought back. Whatever is left out does not narrow. */
export interface WantedSegments {
  readonly segments?: readonly number[] | undefined;
  /** Registry id of a table whose changes they hold. */
  readonly relation?: number | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** A segment of which something is gone. */
export interface RestorableSegment {
  readonly id: number;
  /** When the oldest and the newest change were recorded, as ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** The tables of which something is gone. */
  readonly parts: readonly { readonly relation: number }[];
}

/** Those that fit, in the order given, and the numbers among those asked for that are none of them. */
export function chooseSegments<T extends RestorableSegment>(
  gone: readonly T[],
  { segments, relation, since, until }: WantedSegments,
): { readonly fitting: readonly T[]; readonly unknown: readonly number[] } {
  const fitting = gone.filter(
    ({ id, firstAt, lastAt, parts }) =>
      (segments === undefined || segments.includes(id)) &&
      (relation === undefined || parts.some((part) => part.relation === relation)) &&
      (since === undefined || toMicroseconds(since) <= toMicroseconds(lastAt)) &&
      (until === undefined || toMicroseconds(firstAt) <= toMicroseconds(until)),
  );
  return {
    fitting,
    unknown: [...new Set(segments ?? [])].filter((id) => !gone.some((one) => one.id === id)),
  };
}
