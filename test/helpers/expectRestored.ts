import { expect } from "vitest";
import { auditOf } from "./auditOf.ts";
import { connectTo } from "./client.ts";
import type { TestDatabase } from "./useDatabase.ts";

/** What makes tables, and what damages their rows. */
export interface Damage {
  readonly make: string;
  readonly damage: string;
}

/**
 * Makes tables, damages them and restores all of them; they have to be as they were, nothing may be left to be done, and the
 * script has to do the same, once.
 */
export type ExpectRestored = (name: string, tables: readonly string[], damage: Damage) => Promise<void>;

export function expectRestoredIn(database: TestDatabase): ExpectRestored {
  const audit = auditOf(database, { env: { TZ: "UTC" } });

  /** On a connection of its own, since it may leave a transaction open. */
  async function runScript(script: string): Promise<void> {
    const sql = connectTo(database.url, { max: 1 });
    try {
      await sql.unsafe(script);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  return async (name, tables, { make, damage }) => {
    await runScript(make);
    await audit("enable", ...tables);
    await audit("tag", name);
    const rows = async () => {
      const states = [];
      for (const table of tables)
        states.push(await database.sql.unsafe(`select r::text as line from only ${table} as r order by 1`));
      return states;
    };
    const before = await rows();
    await runScript(damage);
    const damaged = await rows();
    expect(damaged).not.toEqual(before);
    const words = ["restore", ...tables, "--to", `tag:${name}`];
    const { stdout: script } = await audit(...words, "-o", "sql");
    expect(await rows()).toEqual(damaged);
    const { stdout } = await audit(...words, "--apply");
    expect(await rows()).toEqual(before);
    const { stdout: again } = await audit(...words, "--json");
    expect(JSON.parse(again)).toMatchObject({ items: [] });
    const tag = /tag:(before-restore-\d+)/.exec(stdout)?.[1];
    await audit("restore", ...tables, "--to", `tag:${tag}`, "--apply");
    expect(await rows()).toEqual(damaged);
    await runScript(script);
    expect(await rows()).toEqual(before);
    await expect(runScript(script)).rejects.toThrow("are no longer what they were when this script was made");
    expect(await rows()).toEqual(before);
  };
}
