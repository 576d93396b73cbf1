/** A stretch of change ids that is read at once; an open side has no bound. */
export interface Window {
  readonly from: bigint | undefined;
  /** The first id after it. */
  readonly to: bigint | undefined;
}

/** Which ids there are to walk through, and from which end. */
export interface Walk {
  /** No id worth reading lies far below this. A guess: the window at this end is open. */
  readonly lowest: bigint;
  /** No id lies above this, as far as is known: the window at this end is open, too. */
  readonly highest: bigint;
  /** Where to begin exactly, whatever lies below. */
  readonly from?: bigint | undefined;
  readonly newestFirst: boolean;
}

/** What reading a window came to: its rows, and how long the first of them took. */
export interface Reading {
  readonly rows: number;
  readonly ms: number;
}

/** How many ids the first window has: its rows come at once. */
const FIRST_WIDTH = 2000n;

/** Fewer rows do not pay for a window. */
const FEW_ROWS = 500;

/** So many rows do: the server sorts them in memory. */
const ENOUGH_ROWS = 20_000;

/** More are not sorted at once however long a window takes. */
const MOST_ROWS = 400_000;

/** A window without rows that takes this long looked through what is not summarized yet, as each of its kind would. */
const SLOW_EMPTY_MS = 50;

/** The same of one that has rows enough to take its time. */
const SLOW_MS = 250;

/**
 * How many ids the next window should have. Windows grow where rows are few, so that a thousand tables in one log
 * do not make a thousand empty reads; and where each costs a scan of its own, so that there are few of them. They shrink
 * to what is sorted quickly.
 */
export function nextWidth(width: bigint, { rows, ms }: Reading): bigint {
  if (rows < FEW_ROWS) return width * (ms >= SLOW_EMPTY_MS ? 16n : 8n);
  if (rows < ENOUGH_ROWS) return width * 4n;
  if (ms >= SLOW_MS && rows < MOST_ROWS) return width * 4n;
  if (rows > MOST_ROWS || (rows > 2 * ENOUGH_ROWS && ms < SLOW_MS)) {
    const narrower = (width * BigInt(ENOUGH_ROWS)) / BigInt(rows);
    return narrower > 1n ? narrower : 1n;
  }
  return width;
}

/** Where a walk stands. */
export interface Step {
  readonly window: Window;
  readonly width: bigint;
}

/** The first window of a walk. */
export function firstStep(walk: Walk): Step {
  const { lowest, highest, newestFirst } = walk;
  return stepFrom(walk, newestFirst ? highest + 1n : lowest, FIRST_WIDTH, true);
}

/** The window after one that was read; undefined behind the last one. */
export function nextStep(walk: Walk, { window, width }: Step, reading: Reading): Step | undefined {
  const border = walk.newestFirst ? window.from : window.to;
  if (border === undefined || (walk.newestFirst && border === walk.from)) return undefined;
  return stepFrom(walk, border, nextWidth(width, reading), false);
}

function stepFrom(walk: Walk, border: bigint, width: bigint, isFirst: boolean): Step {
  const { lowest, highest, from, newestFirst } = walk;
  if (newestFirst) {
    const below = border - width;
    return {
      window: { from: below <= (from ?? lowest) ? from : below, to: isFirst ? undefined : border },
      width,
    };
  }
  const above = border + width;
  return { window: { from: isFirst ? from : border, to: above > highest ? undefined : above }, width };
}
