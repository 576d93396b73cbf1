import { runInit } from "../../src/actions/init.ts";
import { fakeIo } from "./fakeIo.ts";

/** Puts our objects into a database by the product's own `init`. */
export async function installInto(url: string): Promise<void> {
  await runInit({ databaseUrl: url }, fakeIo());
}
