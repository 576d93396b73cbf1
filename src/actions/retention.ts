import type { RetentionListOptions, RetentionSetOptions } from "../commands/retention.ts";
import { withTransaction } from "../connection/connect.ts";
import { parseRetain } from "../core/interval.ts";
import { rotationText } from "../core/rotation.ts";
import { withAudit } from "../db/installation.ts";
import { withRunLock } from "../db/lock.ts";
import { listRetention, retentionStatements, setRetention } from "../db/retention.ts";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { tableText } from "../output/table.ts";

/** Lists the retention classes with the tables that use them. */
export async function runRetentionList(options: RetentionListOptions, io: Io): Promise<void> {
  await withAudit(options, io, async (audit) => {
    const rows = await listRetention(audit);
    if (options.json) {
      await io.out(
        jsonDocument(
          rows.map(({ name, keep, rotate, rotateBytes, tables }) => ({
            name,
            keep,
            rotate,
            rotate_size: rotateBytes,
            tables,
          })),
        ),
      );
      return;
    }
    const cells = rows.map(({ name, keep, rotate, rotateBytes, tables }) => [
      name,
      keep ?? "for ever",
      rotationText(rotate, rotateBytes),
      tables.join(", ") || "-",
    ]);
    await io.out(
      await tableText(
        [
          { title: "retention", fixed: true },
          { title: "keeps", fixed: true },
          { title: "rotates", fixed: true },
          { title: "tables" },
        ],
        cells,
        lookOf(io),
      ),
    );
  });
}

/** Makes a retention class or changes it; says whom it concerns. */
export async function runRetentionSet(options: RetentionSetOptions, io: Io): Promise<void> {
  const { name, keep, rotate, rotateBytes } = options;
  const setting = { name, keep, rotate, rotateBytes };
  const asClass = parseRetain(name);
  if (name === "forever" && keep !== null)
    throw usageError('The class "forever" keeps for ever.', "Choose another name.");
  if (asClass.kind === "interval" && (asClass.keep?.text ?? null) !== keep) {
    throw usageError(
      `The class ${name} is named after an interval and keeps just that.`,
      `Choose a name such as normal: audit retention set normal ${keep ?? "forever"}`,
    );
  }
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.dryRun) {
      const former = (await listRetention(audit)).find((row) => row.name === name)?.keep ?? null;
      const statements = retentionStatements(audit.installation.schema, setting, former);
      await io.out(`${["begin;", ...statements, "commit;"].join("\n")}\n`);
      return;
    }
    const { existed, former } = await withRunLock(audit.sql, audit.installation.schema, () =>
      withTransaction(audit.sql, {}, (sql) => setRetention({ ...audit, sql }, setting)),
    );
    const now = (await listRetention(audit)).find((row) => row.name === name);
    const tables = now?.tables ?? [];
    const rotation = { rotate: now?.rotate ?? null, rotate_size: now?.rotateBytes ?? null };
    if (options.json) {
      await io.out(jsonDocument([{ name, keep, former: existed ? former : null, ...rotation, tables }]));
      return;
    }
    const change = !existed
      ? "keeps"
      : former === keep
        ? "still keeps"
        : `kept ${former ?? "for ever"}, now keeps`;
    const when =
      rotate === undefined && rotateBytes === undefined
        ? ""
        : `, and rotates ${rotationText(rotation.rotate, rotation.rotate_size)}`;
    const whom =
      tables.length === 0
        ? `Put tables under it with: audit enable <table> --retain ${name}`
        : `It holds for ${tables.join(", ")} from the next audit prune on.`;
    await io.out(`Retention ${name} ${change} ${keep ?? "for ever"}${when}.\n${whom}\n`);
  });
}
