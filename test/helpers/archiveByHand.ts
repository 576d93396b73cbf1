import { claimTarget } from "../../src/archive/identity.ts";
import { publishManifest } from "../../src/archive/manifest.ts";
import { openTarget } from "../../src/archive/target.ts";
import { writeSegment } from "../../src/archive/writeSegment.ts";
import { withTransaction } from "../../src/connection/connect.ts";
import { copySegment } from "../../src/db/copySegment.ts";
import { listSystemIdentifiers } from "../../src/db/goneChanges.ts";
import { withAudit } from "../../src/db/installation.ts";
import { readSegmentRecord } from "../../src/db/segmentRecord.ts";
import { fakeIo } from "./fakeIo.ts";

export async function archiveByHand(url: string, place: string): Promise<void> {
  await withAudit({ databaseUrl: url }, fakeIo(), async (audit) => {
    const target = openTarget(place, {});
    const { installation, database } = audit;
    await claimTarget(target, {
      version: 1,
      installation: {
        database,
        schema: installation.schema,
        systemIdentifiers: await listSystemIdentifiers(audit),
      },
      createdAt: new Date().toISOString(),
    });
    const segments = await audit.sql<{ id: number }[]>`
      select id from audit.segment where state = 'closed' and not exists (select from audit.archive where archive.segment = segment.id)`;
    for (const { id } of segments) {
      const record = await readSegmentRecord(audit, id);
      const names = new Map(record.relations.map((relation) => [relation.id, relation]));
      const files = await withTransaction(audit.sql, {}, async (sql) =>
        writeSegment(target, copySegment({ ...audit, sql }, id), {
          segmentId: id,
          tableOf: (relation) => names.get(relation) ?? { schema: "x", table: "y" },
          format: "ndjson",
          compression: "gzip",
        }),
      );
      const { sha256 } = await publishManifest(target, { version: 1, tool: "test", ...record, files });
      await audit.sql`
        insert into audit.archive (segment, target, manifest_sha256, changes, bytes, files, verified_at)
        values (${id}, ${target.text}, ${sha256}, ${record.segment.changes}, 1, ${files.length}, now())`;
    }
  });
}
