import type { Manifest } from "./manifest.ts";
import type { Target } from "./target.ts";

/**
 * The data files that no manifest names: what a run that was cut off had written of a segment. Those that its next run
 * writes under the same names are overwritten; a table that was renamed in between would leave the former ones.
 */
export async function listLeftovers(target: Target, manifests: readonly Manifest[]): Promise<string[]> {
  const named = new Set(manifests.flatMap(({ files }) => files.map(({ path }) => path)));
  const left: string[] = [];
  for await (const { path } of target.list("table="))
    if (/\/segment-\d+\.relation-\d+(\.part-\d+)?\.[a-z.]+$/.test(path) && !named.has(path)) left.push(path);
  return left.sort();
}

/** Removes what cut off runs left in an archive. Nobody else may be writing to it. */
export async function removeLeftovers(target: Target, manifests: readonly Manifest[]): Promise<void> {
  await target.removeUnfinished?.();
  for (const path of await listLeftovers(target, manifests)) await target.remove(path);
}
