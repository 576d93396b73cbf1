import type { StatusOptions } from "../commands/status.ts";
import { withReading } from "../db/reading.ts";
import { resolveRelation } from "../db/registry.ts";
import { readStatus } from "../db/statusRows.ts";
import type { Io } from "../io.ts";
import { lookOf } from "../output/look.ts";
import { statusJson, statusText } from "../output/status.ts";

/** Prints what is audited since when, and whether it works. */
export async function runStatus(options: StatusOptions, io: Io): Promise<void> {
  await withReading(options, io, async (audit, zone) => {
    const only = options.table === undefined ? undefined : await resolveRelation(audit, options.table);
    const rows = await readStatus(audit, only);
    await io.out(
      options.json ? statusJson(rows) : await statusText(rows, { ...lookOf(io), now: io.now(), zone }),
    );
    const { roles, eventTriggers } = audit.installation;
    if (!roles)
      io.err("note: trigger functions run with the installer's own rights, for want of the audit roles\n");
    if (!eventTriggers)
      io.err("note: DDL is not followed by event triggers; after DDL run audit enable again\n");
  });
}
