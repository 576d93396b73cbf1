import type { TagsOptions } from "../commands/tags.ts";
import { withReading } from "../db/reading.ts";
import { listTags } from "../db/tags.ts";
import type { Io } from "../io.ts";
import { writeAnswer } from "../output/answer.ts";
import { tagColumns, tagJson, tagRow } from "../output/tags.ts";

/** Lists the tags, newest first. */
export async function runTags(options: TagsOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const tags = await listTags(audit);
    const row = tagRow({ now: io.now(), zone, width: io.width });
    await writeAnswer({ batches: [tags], extra: {}, json: tagJson, columns: tagColumns, row }, options, io);
    if (tags.length === 0) io.err("There is no tag. Set one with: audit tag <name>\n");
  });
}
