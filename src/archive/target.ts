import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { usageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { directoryTarget } from "./directory.ts";
import { readPlace } from "./s3/place.ts";
import { s3Target } from "./s3/s3Target.ts";

/**
 * Where an archive lies. Paths are relative to it, with `/` between their parts. What fails is told as a
 * UserError with the place and the path in it (exit 4), never with a credential.
 */
export interface Target {
  /** For people; never holds a secret. */
  readonly text: string;
  /** Atomically: afterwards the whole object is there, or the former one. */
  write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Throws ArchiveMissing where there is no such object. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** The bytes from start up to, but not with, end; fewer where the object is shorter. Throws ArchiveMissing. */
  readRange(path: string, start: number, end: number): Promise<Uint8Array>;
  /** Every object whose path begins so; none where nothing is there yet. In no promised order. */
  list(prefix: string): AsyncIterable<{ path: string; bytes: number }>;
  /** Afterwards it is not there; it need not have been. */
  remove(path: string): Promise<void>;
  /** Removes what writes that were cut off have left behind, where a place keeps such. Nobody may be writing. */
  removeUnfinished?(): Promise<void>;
}

/**
 * The archive at `s3://bucket/prefix`, at `file:///x` or in a directory. Exit 2 for what is none of them. S3
 * takes address and credentials from the AWS_* variables.
 */
export function openTarget(text: string, env: Io["env"]): Target {
  if (text === "") throw usageError("The archive's target is empty.", FORMS);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return directoryTarget(resolve(text));
  if (scheme === "file") return directoryTarget(fileFolder(text));
  if (scheme === "s3") return s3Target(readPlace(text, env));
  throw usageError(`${scheme}:// is no place for an archive.`, FORMS);
}

const FORMS = "Give a directory, file:///path or s3://bucket/prefix.";

function fileFolder(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    throw usageError(`${text} does not name a directory of this machine.`, FORMS);
  }
}
