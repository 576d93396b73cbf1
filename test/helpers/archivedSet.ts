import { archivedColumns } from "../../src/archive/change.ts";
import { readManifests } from "../../src/archive/manifest.ts";
import { readFiles } from "../../src/archive/readFiles.ts";
import { openTarget } from "../../src/archive/target.ts";
import type { TestSql } from "./client.ts";

/** Changes as lines of text, by id. */
export type ChangeLines = Map<string, string>;

/** Every change of the log, asked for column by column. */
export async function logLines(sql: TestSql, condition = "true"): Promise<ChangeLines> {
  // What the type prints: a cast of inet to text would add its netmask.
  const columns = archivedColumns
    .map((name) => `case when change.${name} is not null then format('%s', change.${name}) end`)
    .join(", ");
  return sql.begin(async (transaction) => {
    await transaction.unsafe("set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'");
    const rows = await transaction
      .unsafe(`select ${columns} from audit.change as change where ${condition}`)
      .values();
    return new Map(rows.map((row) => [String(row[0]), JSON.stringify([...row])]));
  }) as Promise<ChangeLines>;
}

/** Every change of an archive; one that is there twice fails. */
export async function archiveLines(target: string): Promise<ChangeLines> {
  const place = openTarget(target, {});
  const lines: ChangeLines = new Map();
  const files = (await readManifests(place)).flatMap(({ manifest }) => manifest.files);
  for await (const batch of readFiles(place, files, {})) {
    for (const change of batch) {
      const [id] = change;
      if (lines.has(String(id))) throw new Error(`change ${id} is in ${target} twice`);
      lines.set(String(id), JSON.stringify(change));
    }
  }
  return lines;
}
