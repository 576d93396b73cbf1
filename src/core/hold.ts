/** What is known of a stretch of changes that has not been given out yet, in the order of the log. */
export interface Held<T> {
  /** Changes of which all is known that belongs to their transactions, so they can be put in order. */
  readonly ready: readonly T[];
  /** The rest, to be held back. */
  readonly held: readonly T[];
}

/** More changes are not held back: memory must not grow with one transaction. */
export const MOST_HELD = 10_000;

/**
 * Which of the changes at hand can be given out. The last `fresh` of them have just come: their transactions may go on,
 * as any transaction is taken to be done once a whole batch came without it. No transaction is torn, unless it has so many
 * changes that holding them would take too much memory; then all is given out.
 */
export function releaseDone<T extends { readonly tx: string }>(
  changes: readonly T[],
  fresh: number,
  most = MOST_HELD,
): Held<T> {
  if (changes.length > most) return { ready: changes, held: [] };
  const firstOf = new Map<string, number>();
  changes.forEach(({ tx }, place) => {
    if (!firstOf.has(tx)) firstOf.set(tx, place);
  });
  let cut = changes.length;
  for (let place = changes.length - 1; place >= Math.min(cut, changes.length - fresh); place--) {
    cut = Math.min(cut, firstOf.get(changes[place]?.tx ?? "") ?? place);
  }
  return { ready: changes.slice(0, cut), held: changes.slice(cut) };
}
