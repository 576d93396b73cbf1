/**
 * One order of all items in which each of the sequences keeps its own; where that leaves a choice, the order of
 * `items`. Sequences that contradict each other (two rows that exchange their keys) yield to that order, too.
 */
export function mergeSequences(
  items: readonly string[],
  sequences: readonly (readonly string[])[],
): string[] {
  const followers = new Map<string, string[]>(items.map((item) => [item, []]));
  const awaited = new Map<string, number>(items.map((item) => [item, 0]));
  for (const sequence of sequences) {
    sequence.slice(1).forEach((item, index) => {
      followers.get(sequence[index] ?? "")?.push(item);
      awaited.set(item, (awaited.get(item) ?? 0) + 1);
    });
  }
  const merged: string[] = [];
  const left = new Set(items);
  while (left.size > 0) {
    const next = firstFree(left, awaited);
    if (next === undefined) break;
    left.delete(next);
    merged.push(next);
    for (const follower of followers.get(next) ?? []) awaited.set(follower, (awaited.get(follower) ?? 0) - 1);
  }
  return merged;
}

/** The first that waits for none, else the first. Usually one of the first few: no copy is worth it. */
function firstFree(left: ReadonlySet<string>, awaited: ReadonlyMap<string, number>): string | undefined {
  for (const item of left) if (awaited.get(item) === 0) return item;
  return left.values().next().value;
}
