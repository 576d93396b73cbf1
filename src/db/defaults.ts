import type { CaptureDefaults } from "../core/enablePlan.ts";
import type { AuditDatabase } from "./installation.ts";
import { FOREVER, listRetention } from "./retention.ts";

/** What `audit defaults set` has said; whatever it has not is undefined. */
export type SetDefaults = Omit<CaptureDefaults, "retentionId"> & { readonly retain?: string | undefined };

/** The defaults as they were set, by the names of the flags. */
export async function readSetDefaults({ sql, object }: AuditDatabase): Promise<SetDefaults> {
  const rows = await sql<{ name: string; value: string }[]>`
    select name, value::text as value from ${object("defaults")}`;
  const said = new Map(rows.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
  return {
    exclude: said.get("exclude") as string[] | undefined,
    redact: said.get("redact") as string[] | undefined,
    images: said.get("images") as SetDefaults["images"],
    onTruncate: said.get("on_truncate") as SetDefaults["onTruncate"],
    oversize: said.get("oversize") as SetDefaults["oversize"],
    statement: said.get("statement") as boolean | undefined,
    always: said.get("always") as boolean | undefined,
    retain: said.get("retain") as string | undefined,
  };
}

/** What holds for a table that is enabled for the first time, where nothing else is asked. */
export async function readDefaults(audit: AuditDatabase): Promise<CaptureDefaults> {
  const { retain, ...defaults } = await readSetDefaults(audit);
  const classes = await listRetention(audit);
  const kept = classes.find(({ name }) => name === (retain ?? FOREVER));
  return { ...defaults, retentionId: kept?.id ?? 1 };
}
