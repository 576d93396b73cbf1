import { type Entry, entryText, imageText } from "./entry.ts";
import type { Fate } from "./journal.ts";

/** Where truth and log differ; both are compared as often as a change occurs. */
export interface Reckoning {
  readonly matched: number;
  /** In the truth, not in the log. */
  readonly missing: readonly string[];
  /** In the log, not in the truth. */
  readonly surplus: readonly string[];
  /** The same change of the same row with other values. */
  readonly differing: readonly string[];
}

/** The full outer join of truth and log by transaction, table, operation, keys and values. */
export function reckon(truth: readonly Entry[], log: readonly Entry[]): Reckoning {
  const sides = new Map<string, { truth: Entry[]; log: Entry[] }>();
  const side = (entry: Entry) => {
    const { xid, table, op, key, oldKey } = entry;
    const name = JSON.stringify([xid, table, op, key, oldKey]);
    const found = sides.get(name) ?? { truth: [], log: [] };
    sides.set(name, found);
    return found;
  };
  for (const entry of truth) side(entry).truth.push(entry);
  for (const entry of log) side(entry).log.push(entry);
  let matched = 0;
  const missing: string[] = [];
  const surplus: string[] = [];
  const differing: string[] = [];
  for (const found of sides.values()) {
    const left = [...found.log];
    const unmatched = found.truth.filter((entry) => {
      const place = left.findIndex((other) => valueText(other) === valueText(entry));
      if (place < 0) return true;
      left.splice(place, 1);
      matched++;
      return false;
    });
    const pairs = Math.min(unmatched.length, left.length);
    unmatched.forEach((entry, index) => {
      const other = left[index];
      if (other) differing.push(`${entryText(entry)}\n  but the log has ${entryText(other)}`);
      else missing.push(entryText(entry));
    });
    surplus.push(...left.slice(pairs).map(entryText));
  }
  return { matched, missing, surplus, differing };
}

function valueText(entry: Entry): string {
  return `${imageText(entry.old)} ${imageText(entry.new)}`;
}

/** A change as far as its origin goes. */
export interface Signed {
  readonly id: string;
  readonly xid: string;
  readonly token: string | null;
  readonly actor: string | null;
}

/**
 * Compares what the writers were told with what is there: the ledger (token and transaction) and the tokens that the
 * log has with its changes. Returns the contradictions, in sentences.
 */
export function checkTokens(
  fates: ReadonlyMap<string, Fate>,
  tokens: ReadonlyMap<string, string>,
  log: readonly Signed[],
): string[] {
  const faults: string[] = [];
  for (const [token, fate] of fates) {
    const there = tokens.has(token);
    if ((fate === "committed" || fate === "prepared to commit") && !there)
      faults.push(`${token} was ${fate} and is lost`);
    if ((fate === "rolled back" || fate === "prepared to roll back") && there)
      faults.push(`${token} was ${fate} and is there`);
  }
  for (const token of tokens.keys())
    if (!fates.has(token)) faults.push(`${token} is there and nobody began it`);
  for (const { id, xid, token, actor } of log) {
    if (token === null || tokens.get(token) !== xid)
      faults.push(`change ${id} of transaction ${xid} has the token ${token}`);
    else if (actor !== token.split("-")[0]) faults.push(`change ${id} of ${token} has the actor ${actor}`);
  }
  return faults;
}

/** Ids that occur more than once. */
export function repeatedIds(log: readonly { readonly id: string }[]): string[] {
  const seen = new Set<string>();
  return log.filter(({ id }) => seen.size === seen.add(id).size).map(({ id }) => id);
}
