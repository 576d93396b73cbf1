import { createHash } from "node:crypto";
import { ExitCode, UserError } from "../errors.ts";
import { checkFile } from "./checkFile.ts";
import { type Manifest, parseManifest, wholeObject } from "./manifest.ts";
import { manifestPath, manifestPrefix } from "./paths.ts";
import type { Target } from "./target.ts";

/** One thing that is not as it was written. */
export interface ArchiveFinding {
  /** null where a manifest cannot be read that would tell. */
  readonly segment: number | null;
  /** The object it is about. */
  readonly path: string;
  /** A sentence. */
  readonly message: string;
}

/** A manifest as it lies there, or what is wrong with it. */
export type InspectedManifest =
  | { readonly path: string; readonly manifest: Manifest; readonly sha256: string }
  | { readonly path: string; readonly finding: string };

/** Every manifest of an archive by path, also those that cannot be read. What cannot be reached throws. */
export async function inspectManifests(target: Target): Promise<InspectedManifest[]> {
  const paths: string[] = [];
  for await (const { path } of target.list(manifestPrefix)) if (path.endsWith(".json")) paths.push(path);
  const found: InspectedManifest[] = [];
  for (const path of paths.sort()) {
    const bytes = await wholeObject(target, path);
    found.push(inspect(path, bytes, target.text));
  }
  return found;
}

function inspect(path: string, bytes: Buffer, where: string): InspectedManifest {
  try {
    const manifest = parseManifest(bytes.toString("utf8"), `${path} in ${where}`);
    if (manifestPath(manifest.segment.id) !== path)
      return { path, finding: `${path} is the manifest of segment ${manifest.segment.id}.` };
    return { path, manifest, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if (error instanceof UserError && error.exitCode === ExitCode.Surroundings)
      return { path, finding: error.message };
    throw error;
  }
}

/** Reads back every data file of a segment. `onFile` hears how many changes each had. */
export async function inspectFiles(
  target: Target,
  { segment, files }: Manifest,
  onFile: (changes: number) => void,
): Promise<ArchiveFinding[]> {
  const findings: ArchiveFinding[] = [];
  for (const file of files) {
    for (const message of await checkFile(target, file))
      findings.push({ segment: segment.id, path: file.path, message });
    onFile(file.changes);
  }
  return findings;
}
