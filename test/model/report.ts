import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PastHistory } from "./making.ts";

/**
 * The first faults of a history, and where all of them, every statement and the boundaries between statements can
 * be read; empty where there are no faults.
 */
export function faultReport(name: string, history: PastHistory, faults: readonly string[]): string {
  if (faults.length === 0) return "";
  const file = join(tmpdir(), `${name}.log`);
  const marks = new Map<number, string[]>();
  history.boundaries.forEach(({ line, kind, instant }, place) => {
    marks.set(line, [...(marks.get(line) ?? []), `-- boundary ${place}, ${kind}, ${instant}`]);
  });
  const told = history.log.flatMap((statement, line) => [...(marks.get(line) ?? []), statement]);
  writeFileSync(file, [...told, ...(marks.get(history.log.length) ?? []), "", ...faults, ""].join("\n"));
  return [...faults.slice(0, 3), `(${faults.length} in all; the history is in ${file})`].join("\n");
}
