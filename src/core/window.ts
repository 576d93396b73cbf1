/** What reading one window of the log came to. */
export interface WindowResult {
  /** How many of what is looked for were in it. */
  readonly found: number;
  readonly elapsedMs: number;
}

/** Numbers of the log from `first` to `last`, both inclusive. */
export interface Window {
  readonly first: bigint;
  readonly last: bigint;
}

/** About so many at once: enough for few round trips, few enough for little memory. */
const wanted = 1000;

/** What takes longer than this has a price of its own, such as a part of the log that has no summary yet. */
const slowMs = 100;

/** How many numbers the first window has. */
export const FIRST_WINDOW = 2000n;

/**
 * How many numbers the next window should have. It grows by four where nothing was found, so that a walk through
 * a log that holds nothing takes few steps, and doubles at least where the step was slow.
 */
export function nextWindowSize(size: bigint, { found, elapsedMs }: WindowResult): bigint {
  const factor = found === 0 ? 4 : Math.min(4, Math.max(1 / 4, wanted / found));
  const grown = elapsedMs > slowMs ? Math.max(2, factor) : factor;
  const next = BigInt(Math.round(Math.min(Number(size) * grown, Number.MAX_SAFE_INTEGER)));
  return next < 1n ? 1n : next;
}

/** The window of that size below `end`, that goes no further down than `floor`; undefined where nothing is left. */
export function windowBelow(end: bigint, size: bigint, floor: bigint): Window | undefined {
  if (end <= floor) return undefined;
  const first = end - size;
  return { first: first < floor ? floor : first, last: end - 1n };
}
