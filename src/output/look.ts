import type { Io } from "../io.ts";
import type { Look } from "./columns.ts";
import { createStyle } from "./style.ts";

/** How answers are dressed for this stdout; `wide` truncates nothing, and is dressed for a terminal all the same. */
export function lookOf(io: Io, { wide = false }: { readonly wide?: boolean | undefined } = {}): Look {
  const width = wide && io.width !== undefined ? Number.POSITIVE_INFINITY : io.width;
  return { style: createStyle(io.outColor), width };
}
