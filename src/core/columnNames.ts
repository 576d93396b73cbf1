import type { Image } from "../types.ts";

/** A column as one version of a table's shape has it. */
export interface ShapeColumn {
  readonly name: string;
  readonly type: string;
  /** Whether its values are kept then: neither excluded nor redacted. */
  readonly recorded: boolean;
}

/** A table's columns by attribute number, from a number of the change sequence on. */
export interface ShapeVersion {
  readonly fromId: bigint;
  /** When it was written down: ISO 8601 with offset. */
  readonly fromAt: string;
  readonly columns: ReadonlyMap<number, ShapeColumn>;
}

/** The version a change was made under; of what is older than all of them, the first. Versions are in order. */
export function versionAt(versions: readonly ShapeVersion[], id: string): ShapeVersion | undefined {
  const made = BigInt(id);
  return versions.findLast(({ fromId }) => fromId <= made) ?? versions[0];
}

/** The versions that came after a change. */
export function versionsSince(versions: readonly ShapeVersion[], id: string): readonly ShapeVersion[] {
  const after = BigInt(id);
  return versions.filter(({ fromId }) => fromId > after);
}

/**
 * What a change's image calls a column, undefined where it does not hold it. Where DDL is not followed by event
 * triggers, an image may carry a name that its version does not have yet: then a later one tells, or `present`.
 */
export function nameInImage(
  image: Image | null,
  id: string,
  attnum: number,
  versions: readonly ShapeVersion[],
  present: string,
): string | undefined {
  if (image === null) return undefined;
  const version = versionAt(versions, id);
  const then = version?.columns.get(attnum)?.name;
  if (then !== undefined && Object.hasOwn(image, then)) return then;
  const later = versionsSince(versions, id).map(({ columns }) => columns.get(attnum)?.name);
  const found = [...later, present].filter((name) => name !== undefined && Object.hasOwn(image, name));
  if (found.length === 0) return undefined;
  const taken = new Set([...(version?.columns.values() ?? [])].map(({ name }) => name));
  return found.find((name) => name !== undefined && !taken.has(name));
}
