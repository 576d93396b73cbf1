/** Chance that can be repeated: the same seed gives the same numbers everywhere. */
export interface Chance {
  /** A whole number from 0 up to, not including, `limit`. */
  readonly below: (limit: number) => number;
  /** A whole number from `first` to `last`, both included. */
  readonly between: (first: number, last: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
}

/** A linear congruential generator: poor randomness, but a demo that is the same for everyone. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The upper bits: the lower ones repeat soon.
    return Math.floor((state / 2 ** 32) * limit);
  };
  return {
    below,
    between: (first, last) => first + below(last - first + 1),
    pick: (choices) => {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new RangeError("There is nothing to pick from.");
      return choice;
    },
  };
}
