import type { TagOptions } from "../commands/tag.ts";
import { withTransaction } from "../connection/connect.ts";
import { resolveZone } from "../core/zone.ts";
import { withAudit } from "../db/installation.ts";
import { findTag, tagStatements, untagStatements } from "../db/tags.ts";
import { requireZone } from "../db/zone.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { tagJson } from "../output/tags.ts";

/** Names the present instant, or forgets a tag. */
export async function runTag(options: TagOptions, io: Io): Promise<void> {
  const { name, note = null } = options;
  const zone = resolveZone(options.tz, io.env);
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    const { schema } = audit.installation;
    const former = options.delete ? await findTag(audit, name) : undefined;
    const statements = former ? untagStatements(schema, former) : tagStatements(schema, name, note);
    if (options.dryRun) {
      await io.out(`${["begin;", ...statements, "commit;"].join("\n")}\n`);
      return;
    }
    const tag = await withTransaction(audit.sql, { isolation: "read committed" }, async (sql) => {
      if (options.tz !== undefined) await requireZone(sql, zone);
      for (const statement of statements) await sql.unsafe(statement);
      return former ?? (await findTag({ ...audit, sql }, name));
    });
    if (options.json) {
      await io.out(jsonDocument([tagJson(tag)], { deleted: former !== undefined }));
      return;
    }
    const at = tag.at.replace("T", " ");
    await io.out(
      former
        ? `Tag ${name} of ${at} is forgotten.\n`
        : `Tag ${name} is set: ${at}, exact to the commit. See a table then with: audit at-time tag:${name} <table>\n`,
    );
  });
}
