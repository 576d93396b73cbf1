import type { RetentionListOptions, RetentionSetOptions } from "../commands/retention.ts";
import { withTransaction } from "../connection/connect.ts";
import { parseRetain } from "../core/interval.ts";
import { rotationText } from "../core/rotation.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { withRunLock } from "../db/lock.ts";
import {
  canBeShorter,
  listRetention,
  type RetentionRow,
  type RetentionWish,
  requireFloor,
  retentionStatements,
  serverInterval,
  setRetention,
} from "../db/retention.ts";
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
          rows.map(({ name, keep, floor, rotate, rotateBytes, tables }) => ({
            name,
            keep,
            floor,
            rotate,
            rotate_size: rotateBytes,
            tables,
          })),
        ),
      );
      return;
    }
    const cells = rows.map(({ name, keep, floor, rotate, rotateBytes, tables }) => [
      name,
      keep ?? "for ever",
      floor ?? "-",
      rotationText(rotate, rotateBytes),
      tables.join(", ") || "-",
    ]);
    await io.out(
      await tableText(
        [
          { title: "retention", fixed: true },
          { title: "keeps", fixed: true },
          { title: "floor", fixed: true },
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
  const { name, keep } = options;
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
    const find = async (within: AuditDatabase) =>
      (await listRetention(within)).find((row) => row.name === name);
    const wish = await readWish(audit, options);
    if (options.dryRun) {
      const former = await find(audit);
      await requireFloor(audit, wish, former);
      const statements = retentionStatements(audit.installation.schema, wish, former);
      await io.out(`${["begin;", ...statements, "commit;"].join("\n")}\n`);
      return;
    }
    const former = await withRunLock(audit.sql, audit.installation.schema, () =>
      withTransaction(audit.sql, {}, async (sql) => {
        const within = { ...audit, sql };
        await requireFloor(within, wish, await find(within));
        return setRetention(within, wish);
      }),
    );
    const present = await find(audit);
    if (present === undefined) throw new Error(`retention ${name} is gone`);
    const { tables } = present;
    if (former && tables.length > 0 && (await canBeShorter(audit, wish.keep, former.keep))) {
      io.err(
        `note: ${name} keeps less than before: of ${tables.join(", ")} the next audit prune removes what is older than ${wish.keep}, and the past before that can no longer be rebuilt. See what goes with: audit prune --dry-run\n`,
      );
    }
    if (options.json) {
      const { keep, floor, rotate, rotateBytes } = present;
      const item = {
        name,
        keep,
        former: former?.keep ?? null,
        floor,
        rotate,
        rotate_size: rotateBytes,
        tables,
      };
      await io.out(jsonDocument([item]));
      return;
    }
    await io.out(setText(wish, former, present));
  });
}

/** With intervals as the server writes them: only then can they be told from those it has. */
async function readWish(
  audit: AuditDatabase,
  { name, keep, floor, rotate, rotateBytes }: RetentionSetOptions,
): Promise<RetentionWish> {
  const written = async (text: string | null) => text && (await serverInterval(audit, text));
  return {
    name,
    keep: await written(keep),
    ...(floor !== undefined && { floor: await written(floor) }),
    rotate,
    rotateBytes,
  };
}

function setText(
  { name, keep, rotate, rotateBytes }: RetentionWish,
  former: RetentionRow | undefined,
  present: RetentionRow,
): string {
  const { floor, tables } = present;
  const change =
    former === undefined
      ? "keeps"
      : former.keep === keep
        ? "still keeps"
        : `kept ${former.keep ?? "for ever"}, now keeps`;
  const when =
    rotate === undefined && rotateBytes === undefined
      ? ""
      : `, and rotates ${rotationText(present.rotate, present.rotateBytes)}`;
  const floorText =
    floor === (former?.floor ?? null)
      ? ""
      : floor === null
        ? " Its floor is taken away."
        : ` It cannot be set below ${floor} from now on.`;
  const whom =
    tables.length === 0
      ? `Put tables under it with: audit enable <table> --retain ${name}`
      : `It holds for ${tables.join(", ")} from the next audit prune on.`;
  return `Retention ${name} ${change} ${keep ?? "for ever"}${when}.${floorText}\n${whom}\n`;
}
