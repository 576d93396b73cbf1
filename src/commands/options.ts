import { Option } from "commander";

/** What every command that talks to a database is given. */
export interface ConnectionOptions {
  /** --database-url; undefined means DATABASE_URL, then the PG* variables. */
  readonly databaseUrl?: string | undefined;
  /** --audit-schema; undefined means AUDIT_SCHEMA, then the only installation found. */
  readonly auditSchema?: string | undefined;
}

/** What every command that answers with data is given. */
export interface OutputOptions {
  readonly json?: boolean | undefined;
}

/** What every command that writes to the database is given. */
export interface WriteOptions {
  /** Print the SQL, change nothing. */
  readonly dryRun?: boolean | undefined;
}

export function databaseUrlOption(): Option {
  return new Option(
    "--database-url <url>",
    "the database, as URL or key=value string (else DATABASE_URL, else PG* variables)",
  );
}

export function auditSchemaOption(): Option {
  return new Option(
    "--audit-schema <name>",
    "the schema our objects live in (else AUDIT_SCHEMA, else the only installation found)",
  );
}

export function jsonOption(): Option {
  return new Option("--json", "print one JSON document");
}

export function dryRunOption(): Option {
  return new Option("--dry-run", "print the SQL, change nothing");
}

export function timeZoneOption(): Option {
  return new Option("--tz <zone>", "time zone of instants (else PGTZ, else TZ, else this machine's)");
}
