import { type Command, Option } from "commander";
import { type Compression, compressions } from "../archive/compression.ts";
import type { ArchiveFormat } from "../archive/manifest.ts";

/** The forms of archived files. */
export const archiveFormats = ["parquet", "ndjson"] as const;

/** How a command that writes to an archive is told to write. */
export interface ArchiveFormOptions {
  /** undefined means as the archive was written so far, else parquet. */
  readonly format?: ArchiveFormat | undefined;
  /** undefined means as the archive was written so far, else gzip. */
  readonly compression?: Compression | undefined;
}

/** Adds the options of how files are written. */
export function addArchiveFormOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--format <format>", "of the files (else as in the archive so far, else parquet)").choices(
        archiveFormats,
      ),
    )
    .addOption(
      new Option("--compression <how>", "of the files (else as in the archive so far, else gzip)").choices(
        compressions,
      ),
    );
}
