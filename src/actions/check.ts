import type { CheckOptions } from "../commands/check.ts";
import { severityOf } from "../core/drift.ts";
import { findDrift } from "../db/drift/findDrift.ts";
import { withAudit } from "../db/installation.ts";
import { ExitCode, SilentExit } from "../errors.ts";
import type { Io } from "../io.ts";
import { findingsJson, findingsText } from "../output/findings.ts";
import { lookOf } from "../output/look.ts";

/** Says what is not as it was set up, with the SQL that mends it. Exit 1 for anything but notes. */
export async function runCheck(options: CheckOptions, io: Io): Promise<void> {
  await withAudit(options, io, async (audit) => {
    const drifts = await findDrift(audit);
    await io.out(options.json ? findingsJson(drifts) : findingsText(drifts, lookOf(io)));
    if (drifts.some(({ kind }) => severityOf(kind) !== "note")) throw new SilentExit(ExitCode.No);
  });
}
