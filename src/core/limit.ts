import { type Fail, failWith } from "./caret.ts";
import { partText, readAllParts, type Unit } from "./duration.ts";

/** How long something may take. */
export interface Limit {
  /** For people, such as `10 minutes`. */
  readonly text: string;
  readonly milliseconds: number;
}

const HINT = 'Give a length of time such as 30s, 10m or "1 hour 30 minutes".';

const MILLISECONDS: Readonly<Partial<Record<Unit, number>>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Reads how long a run may take: `30s`, `10m`, `1h30m`, `1 day`. Exit 2 for anything else, zero, and units longer than days. */
export function parseLimit(text: string): Limit {
  const fail: Fail = failWith(text, "not a length of time", HINT);
  if (text.trim() === "") fail(0, "it is empty");
  const parts = readAllParts(text, "a length of time", fail);
  const milliseconds = parts.reduce((total, { count, unit }) => {
    const length = MILLISECONDS[unit];
    if (length === undefined) fail(0, `a run is not measured in ${unit}s`);
    return total + count * length;
  }, 0);
  if (milliseconds === 0) fail(0, "no time is too short for anything");
  return { text: parts.map(partText).join(" "), milliseconds };
}
