import type { InitOptions } from "../commands/init.ts";
import { withDatabase, withTransaction } from "../connection/connect.ts";
import { quoteIdentifier } from "../core/name.ts";
import { checkSchemaName, type InstallResult, install, installScript } from "../db/install.ts";
import { askedSchema, listInstallations } from "../db/installation.ts";
import type { Io } from "../io.ts";
import { jsonDocument } from "../output/json.ts";
import { version } from "../version.ts";

const DEFAULT_SCHEMA = "audit";

/** Installs or upgrades the audit schema, in one transaction, and prints what was done. */
export async function runInit(options: InitOptions, io: Io): Promise<void> {
  await withDatabase(options, io, async (connection) => {
    const found = await listInstallations(connection.sql);
    const schema = askedSchema(options, io) ?? (found.length === 1 ? found[0] : undefined) ?? DEFAULT_SCHEMA;
    checkSchemaName(schema);
    if (options.dryRun) {
      await io.out(`${installScript(schema)}\n`);
      return;
    }
    const result = await withTransaction(connection.sql, {}, (sql) =>
      install({ ...connection, sql }, schema),
    );
    await io.out(options.json ? resultJson(result) : resultText(result));
    for (const note of missingRights(result)) io.err(`note: ${note}\n`);
  });
}

function resultText({ schema, did, formerVersion }: InstallResult): string {
  const name = quoteIdentifier(schema);
  switch (did) {
    case "installed":
      return `Installed the audit trail ${version} in schema ${name}. Next: audit enable <table>\n`;
    case "upgraded":
      return `Upgraded the audit trail in schema ${name} from ${formerVersion} to ${version}.\n`;
    case "refreshed":
      return `The audit trail in schema ${name} is already version ${version}; its functions were put back as shipped.\n`;
  }
}

function resultJson({ schema, did, formerVersion, roles, eventTriggers }: InstallResult): string {
  return jsonDocument([
    { schema, did, version, former_version: formerVersion ?? null, roles, event_triggers: eventTriggers },
  ]);
}

function missingRights({ roles, eventTriggers }: InstallResult): string[] {
  const notes: string[] = [];
  if (!roles) {
    notes.push(
      "This role may not create roles, so the trigger functions run with its own rights. Let a superuser run audit init to mend that.",
    );
  }
  if (!eventTriggers) {
    notes.push(
      "This role may not create event triggers, so triggers look at each row whether the table changed. After DDL run audit enable again.",
    );
  }
  return notes;
}
