import { type Manifest, readManifests } from "../archive/manifest.ts";
import { openTarget } from "../archive/target.ts";
import { microsecondsOf } from "../archive/timestamp.ts";
import type { ArchiveListOptions } from "../commands/archive.ts";
import { fromMicroseconds } from "../core/instant.ts";
import { resolveZone } from "../core/zone.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import {
  type ArchivedTable,
  archivedTableColumns,
  archivedTableJson,
  archivedTableRow,
} from "../output/archivedTables.ts";

/** Lists what lies in an archive, by segment and table, as its manifests say. Asks no database. */
export async function runArchiveList(options: ArchiveListOptions, io: Io): Promise<void> {
  const zone = resolveZone(options.tz, io.env);
  const target = openTarget(options.target, io.env);
  const manifests = await readManifests(target);
  const tables = manifests.flatMap(({ manifest }) => tablesOf(manifest));
  await writeAnswer(
    {
      batches: [tables],
      extra: { target: target.text },
      json: archivedTableJson,
      columns: archivedTableColumns,
      row: archivedTableRow({ zone, width: io.width }),
    },
    options,
    io,
  );
  if (manifests.length === 0)
    io.err(`There is no archived segment in ${target.text}. Archive some with: audit archive <target>\n`);
}

function tablesOf({ segment, relations, files }: Manifest): ArchivedTable[] {
  return relations.flatMap(({ id, schema, table }) => {
    const own = files.filter(({ relation }) => relation === id);
    if (own.length === 0) return [];
    const sorted = own
      .flatMap(({ firstAt, lastAt }) => [microsecondsOf(firstAt), microsecondsOf(lastAt)])
      .sort((one, other) => (one < other ? -1 : 1));
    const sum = (amount: "changes" | "bytes") => own.reduce((total, file) => total + file[amount], 0);
    return [
      {
        segment: segment.id,
        retention: segment.retention,
        schema,
        table,
        changes: sum("changes"),
        bytes: sum("bytes"),
        files: own.length,
        format: own[0]?.format ?? "parquet",
        firstAt: fromMicroseconds(sorted[0] ?? 0n),
        lastAt: fromMicroseconds(sorted.at(-1) ?? 0n),
      },
    ];
  });
}
