import { type Command, Option } from "commander";
import type { Retain } from "../core/interval.ts";
import type { Images, OnTruncate, Oversize } from "../types.ts";
import { collectList } from "./options.ts";

/** How tables are to be audited, as enable and audit defaults are told. undefined leaves a setting as it was. */
export interface CaptureOptions {
  /** An empty list excludes nothing. */
  readonly exclude?: readonly string[] | undefined;
  readonly redact?: readonly string[] | undefined;
  readonly images?: Images | undefined;
  readonly onTruncate?: OnTruncate | undefined;
  readonly oversize?: Oversize | undefined;
  readonly statement?: boolean | undefined;
  readonly always?: boolean | undefined;
  readonly view?: boolean | undefined;
  /** A pattern with {schema} and {table}. */
  readonly viewName?: string | undefined;
}

/** Adds the options that say how tables are audited, in the same words for one table and for the defaults. */
export function addCaptureOptions(command: Command): Command {
  return command
    .option(
      "--exclude <columns>",
      "columns never to record, by name or glob, comma-separated; '' for none",
      collectList,
    )
    .option(
      "--redact <columns>",
      "columns of which to record that they changed, never a value; '' for none",
      collectList,
    )
    .addOption(
      new Option(
        "--images <what>",
        "keep of an update the changed columns, whole rows, or the old values alone",
      ).choices(["changes", "full", "lean"]),
    )
    .addOption(
      new Option(
        "--on-truncate <how>",
        "TRUNCATE: keep every row, keep the event alone, or refuse it",
      ).choices(["capture", "record", "forbid"]),
    )
    .addOption(
      new Option(
        "--oversize <how>",
        "a row too large to record: its write fails, or digests stand for large values",
      ).choices(["fail", "digest"]),
    )
    .option("--statement", "keep the text of the client's statement in the context")
    .option("--no-statement", "keep it no longer")
    .option("--always", "record in replica role as well: logical replication, session_replication_role")
    .option("--no-always", "record there no longer")
    .option("--view", "show its history as a view of our schema, with the table's own columns")
    .option("--no-view", "take that view away")
    .option("--view-name <pattern>", "what to call it, such as '{schema}_{table}_history'");
}

/** Adds --retain, in the same words for one table and for the defaults. */
export function addRetainOption(command: Command): Command {
  return command.option(
    "--retain <class|interval>",
    "how long to keep changes, such as 90d or a class of audit retention",
  );
}

/** What --retain was given, if anything. */
export async function readRetain(text: string | undefined): Promise<Retain | undefined> {
  return text === undefined ? undefined : (await import("../core/interval.ts")).parseRetain(text);
}
