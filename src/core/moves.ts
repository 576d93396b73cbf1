import type { Image, RowDifference } from "../types.ts";
import { columnValue, sameValue } from "./image.ts";

export type Changed = RowDifference & { readonly kind: "changed" };

/** A row that is to have another key. */
export type Move = Changed & { readonly oldKey: string };

export function isMove(difference: RowDifference): difference is Move {
  return difference.kind === "changed" && difference.oldKey !== undefined;
}

/** The key that a row has before, or where it comes, the one that it comes to. */
export function keyBefore(difference: RowDifference): string | null {
  return (difference.kind === "changed" ? difference.oldKey : undefined) ?? difference.key;
}

/** Rows of which each goes to the key that the next one leaves; in a circle, the last to that of the first. */
interface Chain {
  readonly moves: readonly Move[];
  readonly isCircle: boolean;
}

/** Moves as chains, each as long as it can be. */
function chainsOf(moves: readonly Move[]): Chain[] {
  const leaving = new Map(moves.map((move) => [move.oldKey, move]));
  const arriving = new Set(moves.map(({ key }) => key));
  const heads = moves.filter(({ oldKey }) => !arriving.has(oldKey));
  const done = new Set<Move>();
  return [...heads, ...moves].flatMap((move): Chain[] => {
    if (done.has(move)) return [];
    const chain = new Set<Move>();
    let next: Move | undefined = move;
    while (next && !done.has(next)) {
      done.add(next);
      chain.add(next);
      next = leaving.get(next.key ?? "");
    }
    return [{ moves: [...chain], isCircle: next !== undefined && chain.has(next) }];
  });
}

/** Each after the one that leaves the key it goes to; undefined where they go in a circle. */
export function inFreeOrder(moves: readonly Move[]): readonly Changed[] | undefined {
  const chains = chainsOf(moves);
  if (chains.some(({ isCircle }) => isCircle)) return undefined;
  return chains.flatMap((chain) => [...chain.moves].reverse());
}

/**
 * The differences without rows that pass their keys on, in a circle or from one that comes to one that goes, each to where
 * all that it brings stands already: told by the log they are not the rows they were, and yet there is nothing to write. That
 * comes of keys that were passed on by writing the rows under them anew.
 */
export function withoutIdleChains(differences: readonly RowDifference[]): readonly RowDifference[] {
  const chains = chainsOf(differences.filter(isMove));
  if (chains.length === 0) return differences;
  const ends = (wanted: "inserted" | "deleted") =>
    new Map(differences.filter(({ kind }) => kind === wanted).map((end) => [end.key, end]));
  const [coming, going] = [ends("inserted"), ends("deleted")];
  const idle = new Set<RowDifference>();
  for (const { moves, isCircle } of chains) {
    const [first, last] = [coming.get(moves[0]?.oldKey ?? ""), going.get(moves.at(-1)?.key ?? "")];
    const chain = isCircle ? moves : first && last ? [first, ...moves, last] : [];
    if (byKey(chain).every(isIdle)) for (const one of chain) idle.add(one);
  }
  return differences.filter((difference) => !idle.has(difference));
}

/** Whether a row has all that it is to have. */
function isIdle(difference: RowDifference): boolean {
  if (difference.kind !== "changed") return false;
  const { old, new: after } = difference;
  return Object.entries(after).every(([column, value]) => sameValue(columnValue(old, column), value));
}

/** The same differences told by key: what was under each of them, and what is. */
export function byKey(differences: readonly RowDifference[]): RowDifference[] {
  const before = new Map<string | null, Image>();
  const after = new Map<string | null, Image>();
  for (const difference of differences) {
    const { kind, key } = difference;
    if (kind !== "inserted") before.set(keyBefore(difference), difference.old);
    if (kind !== "deleted") after.set(key, difference.new);
  }
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): RowDifference[] => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old && now) return [{ kind: "changed", key, old, new: now }];
    if (now) return [{ kind: "inserted", key, new: now }];
    return old ? [{ kind: "deleted", key, old }] : [];
  });
}
