import { tableLabel } from "../core/name.ts";
import type { HorizonRise } from "../db/horizons.ts";
import { timeText } from "./instant.ts";
import type { PrunePlanTextOptions } from "./plan.ts";

/** A line for each table of which less of the past can be rebuilt than before. */
export function horizonsText(
  horizons: readonly HorizonRise[],
  { zone, width, dryRun }: PrunePlanTextOptions,
): string {
  return horizons
    .map((rise) => {
      const table = tableLabel(rise);
      const to = timeText(rise.to, zone, width);
      return dryRun
        ? `${table}: the database would know its past since ${to} only.\n`
        : `${table}: the database knows its past since ${to} only.\n`;
    })
    .join("");
}
