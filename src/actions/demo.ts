import type { DemoOptions } from "../commands/demo.ts";
import type { Io } from "../io.ts";

export async function runDemo(_options: DemoOptions, _io: Io): Promise<void> {
  throw new Error("not here yet");
}
