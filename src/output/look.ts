import type { Io } from "../io.ts";
import type { Look } from "./columns.ts";
import { createStyle } from "./style.ts";

/** How answers are dressed for this stdout. */
export function lookOf(io: Io): Look {
  return { style: createStyle(io.outColor), width: io.width };
}
