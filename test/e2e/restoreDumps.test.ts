import { expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { describeWithDump, loadDump } from "../helpers/dump.ts";
import { digestTables } from "../helpers/rowPlace.ts";
import { readTableShapes, type TableShape } from "../helpers/tableShape.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { randomFrom } from "../model/random.ts";

const seed = 20_261_126;

/** Damages tables by chance: values, rows with all that hangs on them, and whole tables. Tells how many statements went through. */
async function damage(sql: TestSql, shapes: readonly TableShape[]): Promise<number> {
  const random = randomFrom(seed);
  let done = 0;
  const attempt = async (statement: string) => {
    try {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(statement);
      });
      done++;
    } catch {
      // A foreign key that does not cascade says no: then another statement is tried.
    }
  };
  for (let count = 0; count < 30; count++) {
    const shape = random.pick(shapes);
    const free = shape.columns.filter(
      ({ name, generated, unique }) =>
        !generated && !unique && !shape.foreignKeys.some(({ columns }) => columns.includes(name)),
    );
    const some = `hashtext(${shape.key.map((name) => `${name}::text`).join(" || ")}) % ${random.between(2, 9)} = 0`;
    const column = free.length > 0 ? random.pick(free) : undefined;
    const kind = random.pick(["update", "update", "delete", "null"] as const);
    if (kind === "delete") await attempt(`delete from ${shape.name} where ${some}`);
    else if (kind === "null" && column && !column.notNull)
      await attempt(`update ${shape.name} set ${column.name} = null where ${some}`);
    else if (column)
      await attempt(
        `update ${shape.name} set ${column.name} = (select ${column.name} from ${shape.name} order by 1 limit 1) where ${some}`,
      );
  }
  const parents = shapes.filter(({ referencedBy }) => referencedBy.length > 0);
  await attempt(`truncate ${random.pick(parents).name} cascade`);
  return done;
}

for (const dump of ["chinook", "northwind"])
  describeWithDump(dump, (path) => {
    const database = useDatabase({ installed: true });
    const audit = auditOf(database, { env: { TZ: "UTC" } });

    it("comes back byte for byte, with every foreign key in force", async () => {
      const { sql } = database;
      await loadDump(database.url, path);
      const shapes = (await readTableShapes(sql, "public")).filter(({ key }) => key.length > 0);
      await audit("enable", ...shapes.map(({ name }) => name));
      await audit("tag", "whole");
      const before = await digestTables(sql, shapes);
      expect(await damage(sql, shapes)).toBeGreaterThan(5);
      const damaged = await digestTables(sql, shapes);
      const names = random(shapes.map(({ name }) => name));
      const words = ["restore", ...names, "--to", "tag:whole"];
      const { stdout } = await audit(...words, "--json");
      expect(await digestTables(sql, shapes)).toEqual(damaged);
      const plan = JSON.parse(stdout) as { tables: { table: string }[]; items: unknown[] };
      expect(plan.tables.length).toBe(shapes.filter(({ name }) => before[name] !== damaged[name]).length);
      const { stdout: said } = await audit(...words, "--apply");
      expect(await digestTables(sql, shapes)).toEqual(before);
      const tag = /tag:(before-restore-\d+)/.exec(said)?.[1];
      await audit("restore", ...names, "--to", `tag:${tag}`, "--apply");
      expect(await digestTables(sql, shapes)).toEqual(damaged);
      console.info(`${dump}: ${plan.items.length} rows of ${plan.tables.length} tables came back`);
    });
  });

/** The same in another order: what comes first is not for the caller to know. */
function random(names: readonly string[]): string[] {
  return randomFrom(seed + 1).sample(names, names.length);
}
