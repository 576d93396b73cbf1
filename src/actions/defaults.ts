import type { DefaultsListOptions, DefaultsSetOptions, DefaultsUnsetOptions } from "../commands/defaults.ts";
import { withTransaction } from "../connection/connect.ts";
import { type DefaultChange, defaultNames, defaultText, planDefaults } from "../core/defaults.ts";
import { safeText } from "../core/safe.ts";
import { defaultsStatements, readSetDefaults } from "../db/defaults.ts";
import { type AuditDatabase, withAudit } from "../db/installation.ts";
import { withRunLock } from "../db/lock.ts";
import { planRetention, retentionStatements } from "../db/retention.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { tableText } from "../output/table.ts";

/** Lists the defaults that are set. */
export async function runDefaultsList(options: DefaultsListOptions, io: Io): Promise<void> {
  await withAudit(options, io, async (audit) => {
    const set = await readSetDefaults(audit);
    const items = defaultNames.flatMap((name) => {
      const value = set[name];
      return value === undefined ? [] : [{ name, value }];
    });
    if (options.json) {
      await io.out(jsonDocument(items));
      return;
    }
    if (items.length === 0) {
      io.err("Nothing is set: tables are enabled with what audit enable does by itself.\n");
      return;
    }
    const cells = items.map(({ name, value }) => [name, safeText(defaultText(value))]);
    await io.out(await tableText([{ title: "default", fixed: true }, { title: "value" }], cells, lookOf(io)));
  });
}

/** Sets the defaults that are given; a retention that no class has yet gets one. */
export async function runDefaultsSet(options: DefaultsSetOptions, io: Io): Promise<void> {
  await change(options, io, async (audit) => {
    const changes = planDefaults(await readSetDefaults(audit), {
      exclude: options.exclude,
      redact: options.redact,
      images: options.images,
      "on-truncate": options.onTruncate,
      oversize: options.oversize,
      statement: options.statement,
      always: options.always,
      retain: options.retain?.name,
      view: options.view,
      "view-name": options.viewName,
    });
    const retention = options.retain && (await planRetention(audit, options.retain));
    const { schema } = audit.installation;
    const statements = [
      ...(retention?.isNew
        ? retentionStatements(schema, { name: retention.name, keep: retention.keep }, undefined)
        : []),
      ...defaultsStatements(schema, changes),
    ];
    return { changes, statements };
  });
}

/** Takes defaults away; those that were not set are said to be so. */
export async function runDefaultsUnset(options: DefaultsUnsetOptions, io: Io): Promise<void> {
  await change(options, io, async (audit) => {
    const former = await readSetDefaults(audit);
    const changes = defaultNames
      .filter((name) => options.names.includes(name))
      .map((name) => ({ name, value: null, former: former[name] ?? null }));
    return { changes, statements: defaultsStatements(audit.installation.schema, changes) };
  });
}

interface Plan {
  readonly changes: readonly DefaultChange[];
  readonly statements: readonly string[];
}

async function change(
  options: DefaultsSetOptions | DefaultsUnsetOptions,
  io: Io,
  planWith: (audit: AuditDatabase) => Promise<Plan>,
): Promise<void> {
  await withAudit({ ...options, writes: true }, io, async (audit) => {
    if (options.dryRun) {
      const { statements } = await planWith(audit);
      await io.out(`${["begin;", ...statements, "commit;"].join("\n")}\n`);
      return;
    }
    const { changes } = await withRunLock(audit.sql, audit.installation.schema, async () => {
      const plan = await planWith(audit);
      await withTransaction(audit.sql, {}, async (sql) => {
        for (const statement of plan.statements) await sql.unsafe(statement);
      });
      return plan;
    });
    await io.out(
      options.json
        ? jsonDocument(changes.map(({ name, value, former }) => ({ name, value, former })))
        : `${changes.map(sentence).join("\n")}\nThis holds for tables that are enabled from now on; those audited already stay as they are.\n`,
    );
  });
}

function sentence({ name, value, former }: DefaultChange): string {
  const [now, before] = [value, former].map((each) =>
    each === null ? "not set" : safeText(defaultText(each)),
  );
  return now === before
    ? `Default ${name} is ${now}, as before.`
    : `Default ${name} was ${before}, is now ${now}.`;
}
