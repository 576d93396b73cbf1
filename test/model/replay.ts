import type { TrueRow } from "./truth.ts";

/** A change as `history --json` prints it; keys in the form the model compares. */
export interface RecordedChange {
  readonly id: string;
  readonly op: "insert" | "update" | "delete" | "truncate";
  readonly key: string | null;
  readonly old_key: string | null;
  readonly old: Readonly<Record<string, string | null>> | null;
  readonly new: Readonly<Record<string, string | null>> | null;
}

/**
 * Lets recorded changes happen to rows, in the order given. Under a deferrable key two rows may lie under one key
 * for a while: which of them a change is about is told by the old values it recorded.
 */
export function replay(
  rows: ReadonlyMap<string, TrueRow>,
  changes: readonly RecordedChange[],
  columnOf: (id: string, name: string) => number | undefined,
): ReadonlyMap<string, readonly TrueRow[]> {
  const present = new Map<string, TrueRow[]>([...rows].map(([key, row]) => [key, [row]]));
  const take = (key: string, old: TrueRow): TrueRow | undefined => {
    const occupants = present.get(key) ?? [];
    const fitting = occupants.findIndex((row) =>
      [...old].every(([attnum, value]) => (row.get(attnum) ?? null) === value),
    );
    return occupants.splice(Math.max(0, fitting), 1)[0];
  };
  for (const change of changes) {
    if (change.key === null) {
      present.clear();
      continue;
    }
    const image = (values: RecordedChange["old"]) =>
      new Map(
        Object.entries(values ?? {}).flatMap(([name, value]) => {
          const attnum = columnOf(change.id, name);
          return attnum === undefined ? [] : [[attnum, value] as const];
        }),
      );
    const old = image(change.old);
    const left = change.op === "insert" ? undefined : take(change.old_key ?? change.key, old);
    if (change.op === "delete" || change.op === "truncate") continue;
    present.set(change.key, [
      ...(present.get(change.key) ?? []),
      new Map([...(left ?? []), ...(change.old_key === null ? [] : old), ...image(change.new)]),
    ]);
  }
  return present;
}
