import { beforeAll, describe, expect, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { connectTo } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { underSettings } from "./hostileSession.ts";
import {
  differingChanges,
  emptyTables,
  keepChanges,
  keepStates,
  lastChange,
  type Written,
  writeAndRead,
  writtenTables,
} from "./record.ts";
import { decoys, settingSets } from "./settingSets.ts";
import { type Form, makeAll } from "./tables.ts";

/** Declares the tests of promise C3 for tables of one form; one file each, so that they run side by side. */
export function describeSettings(form: Form): void {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);
  let tables: readonly Written[];

  beforeAll(async () => {
    const { sql } = database;
    await makeAll(sql, inject("postgresMajor"), { extensionsTogether: true });
    await audit("enable", "--schema", form);
    tables = await writtenTables(sql, form);
    await sql.unsafe(decoys);
    await keepStates(sql, tables);
    // What is recorded under the driver's own settings, which are the server's defaults, is what the others must match.
    const plain = connectTo(database.url, { max: 1 });
    try {
      expect(await writeAndRead(plain, sql, tables)).toEqual([]);
    } finally {
      await plain.end();
    }
    await keepChanges(sql);
  });

  describe.each(settingSets)(`under $name settings, a ${form} table`, (set) => {
    let before: string;
    let faults: readonly string[];

    beforeAll(async () => {
      await emptyTables(database.sql, tables);
      before = await lastChange(database.sql);
      faults = await underSettings(database.url, set, (sql) => writeAndRead(sql, database.sql, tables));
    });

    it("records the same bytes", async () => {
      expect(await differingChanges(database.sql, before)).toEqual([]);
    });

    it("shows the same past", () => {
      expect(faults).toEqual([]);
    });
  });
}
