import { safeText } from "../core/safe.ts";
import type { Io } from "../io.ts";
import { countText } from "./duration.ts";

/** What progress needs of the world. */
export type ProgressIo = Pick<Io, "err" | "errIsTTY" | "env" | "width" | "now">;

export interface Progress {
  /** Says where the work stands: `done` of `total` (undefined: not known), and what is being done now. */
  readonly step: (done: number, total: number | undefined, what?: string) => void;
  /** The same of work that cannot be counted. */
  readonly say: (what: string) => void;
  /** Takes the line away. Harmless twice; a later step draws it again. */
  readonly end: () => void;
}

/** Ten times a second is as fast as anyone reads. */
const redrawAfter = 100;

/** In a log file one line now and then is enough to see that it lives; quick work leaves none. */
const lineAfter = 5000;

/** When the terminal behind stderr does not tell its width. */
const usualWidth = 80;

const eraseLine = "\r\x1b[K";

/**
 * Progress on stderr, such as `enabling 37/412 public.orders`: on a terminal one line redrawn in place, elsewhere
 * a plain line every few seconds.
 */
export function createProgress(io: ProgressIo, label: string): Progress {
  const inPlace = io.errIsTTY && io.env.TERM !== "dumb";
  const interval = inPlace ? redrawAfter : lineAfter;
  let last = inPlace ? Number.NEGATIVE_INFINITY : io.now().getTime();
  let drawn = false;
  const say = (what: string) => {
    const now = io.now().getTime();
    // Outside both bounds only when the clock was set back: then start counting anew.
    if (now >= last && now - last < interval) return;
    last = now;
    const line = `${label} ${what}`.trimEnd();
    if (!inPlace) return io.err(`${safeText(line)}\n`);
    drawn = true;
    // One cell less than there is: a full line makes some terminals wrap.
    io.err(eraseLine + safeText(line, (io.width ?? usualWidth) - 1));
  };
  return {
    step: (done, total, what = "") =>
      say(`${total === undefined ? countText(done) : `${countText(done)}/${countText(total)}`} ${what}`),
    say,
    end: () => {
      if (drawn) io.err(eraseLine);
      drawn = false;
      last = inPlace ? Number.NEGATIVE_INFINITY : last;
    },
  };
}
