import { type Entry, entryText } from "./entry.ts";
import type { Reckoning } from "./reckoning.ts";

/** A log with one change taken out, one put in and one falsified, and what has to be found. */
export function spoil(log: readonly Entry[]): {
  readonly entries: Entry[];
  readonly expected: Pick<Reckoning, "missing" | "surplus" | "differing">;
} {
  const updates = log.filter(({ op, oldKey }) => op === "U" && oldKey === null);
  const lost = updates.at(0);
  // Of another transaction, or the one could be taken for the other.
  const falsified = updates.findLast(({ xid }) => xid !== lost?.xid);
  if (!lost || !falsified) throw new Error("There are no updates to spoil.");
  const madeUp: Entry = { ...lost, key: "made up" };
  const falsification: Entry = { ...falsified, new: { ...falsified.new, label: "falsified" } };
  return {
    entries: [...log.filter((entry) => entry !== lost && entry !== falsified), madeUp, falsification],
    expected: {
      missing: [entryText(lost)],
      surplus: [entryText(madeUp)],
      differing: [`${entryText(falsified)}\n  but the log has ${entryText(falsification)}`],
    },
  };
}
