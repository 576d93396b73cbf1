import { createHash } from "node:crypto";
import { ExitCode, UserError } from "../errors.ts";
import { manifestPath, manifestPrefix } from "./paths.ts";
import { asArray, asBoolean, asCount, asNullableText, asObject, asText, Malformed } from "./shape.ts";
import type { Target } from "./target.ts";

export type ArchiveFormat = "parquet" | "ndjson";

/** One data file: what it holds, and what proves that it still does. */
export interface ArchivedFile {
  readonly path: string;
  readonly relation: number;
  /** UTC month of its changes: `2026-11`. */
  readonly month: string;
  readonly format: ArchiveFormat;
  /** gzip, zstd or none. */
  readonly compression: string;
  readonly changes: number;
  readonly bytes: number;
  /** SHA-256 of the object, in hexadecimal. */
  readonly sha256: string;
  /** SHA-256 over the canonical lines (change.ts) of its changes in order: the same in every format. */
  readonly content: string;
  /** Smallest and greatest id, as digits: they may be beyond a JavaScript number. */
  readonly firstId: string;
  readonly lastId: string;
  /** Oldest and newest instant, as PostgreSQL prints it in UTC. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** When the oldest of their transactions began; null where one of them does not say. */
  readonly firstBegan: string | null;
}

/** One version of a column's definition (audit.relation_shape). */
export interface ArchivedShape {
  readonly fromId: string;
  readonly attnum: number;
  readonly name: string;
  readonly type: string;
  readonly recorded: boolean;
}

export interface ArchivedRelation {
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly keyColumns: readonly string[];
  readonly shapes: readonly ArchivedShape[];
}

export interface ArchivedSegment {
  readonly id: number;
  readonly era: number;
  /** Name of its retention class. */
  readonly retention: string;
  readonly changes: number;
  /** These four are null when it is empty. */
  readonly firstId: string | null;
  readonly lastId: string | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

/** What a segment's archive consists of. Written last: its presence says that the segment is complete. */
export interface Manifest {
  readonly version: 1;
  /** The program that wrote it, with its version. */
  readonly tool: string;
  readonly segment: ArchivedSegment;
  readonly relations: readonly ArchivedRelation[];
  readonly files: readonly ArchivedFile[];
}

/** Writes the manifest of a segment. Its data files must all be there and verified: nothing is added afterwards. */
export async function publishManifest(target: Target, manifest: Manifest): Promise<{ sha256: string }> {
  const bytes = Buffer.from(`${JSON.stringify(manifestJson(manifest), null, 2)}\n`);
  await target.write(manifestPath(manifest.segment.id), single(bytes));
  return { sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Every manifest of the archive, by segment. A damaged one ends it: what it names would be forgotten. */
export async function readManifests(target: Target): Promise<{ manifest: Manifest; sha256: string }[]> {
  const paths: string[] = [];
  for await (const { path } of target.list(manifestPrefix)) if (path.endsWith(".json")) paths.push(path);
  const found: { manifest: Manifest; sha256: string }[] = [];
  for (const path of paths) found.push(await readManifest(target, path));
  return found.sort((one, other) => one.manifest.segment.id - other.manifest.segment.id);
}

/** One manifest. Throws ArchiveMissing where there is none. */
export async function readManifest(
  target: Target,
  path: string,
): Promise<{ manifest: Manifest; sha256: string }> {
  const bytes = await wholeObject(target, path);
  const manifest = parseManifest(bytes.toString("utf8"), `${path} in ${target.text}`);
  if (manifestPath(manifest.segment.id) !== path) {
    throw unreadable(`${path} in ${target.text}`, `it is the one of segment ${manifest.segment.id}`);
  }
  return { manifest, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Reads the text of a manifest; `where` names it in messages. Strict: what is missing or odd is said (exit 4). */
export function parseManifest(text: string, where: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable(where, `it is no JSON (${(error as Error).message})`);
  }
  try {
    const object = asObject(json, "the manifest");
    const version = asCount(object.version, "version");
    if (version !== 1) {
      throw new UserError(
        ExitCode.Surroundings,
        `The manifest ${where} has version ${version}; this program reads version 1.`,
        { hint: "Upgrade pgtrail to the version that wrote it, or a later one." },
      );
    }
    const segment = segmentOf(asObject(object.segment, "segment"));
    const relations = asArray(object.relations, "relations").map((value, index) =>
      relationOf(asObject(value, `relations[${index}]`), `relations[${index}]`),
    );
    const files = asArray(object.files, "files").map((value, index) =>
      fileOf(asObject(value, `files[${index}]`), `files[${index}]`),
    );
    const changes = files.reduce((sum, file) => sum + file.changes, 0);
    if (changes !== segment.changes) {
      throw new Malformed(`its files hold ${changes} changes, its segment ${segment.changes}`);
    }
    return { version: 1, tool: asText(object.tool, "tool"), segment, relations, files };
  } catch (error) {
    if (error instanceof Malformed) throw unreadable(where, error.message);
    throw error;
  }
}

function segmentOf(object: Record<string, unknown>): ArchivedSegment {
  return {
    id: asCount(object.id, "segment.id"),
    era: asCount(object.era, "segment.era"),
    retention: asText(object.retention, "segment.retention"),
    changes: asCount(object.changes, "segment.changes"),
    firstId: asNullableText(object.first_id, "segment.first_id"),
    lastId: asNullableText(object.last_id, "segment.last_id"),
    firstAt: asNullableText(object.first_at, "segment.first_at"),
    lastAt: asNullableText(object.last_at, "segment.last_at"),
  };
}

function relationOf(object: Record<string, unknown>, at: string): ArchivedRelation {
  return {
    id: asCount(object.id, `${at}.id`),
    schema: asText(object.schema, `${at}.schema`),
    table: asText(object.table, `${at}.table`),
    keyColumns: asArray(object.key_columns, `${at}.key_columns`).map((name) =>
      asText(name, `${at}.key_columns`),
    ),
    shapes: asArray(object.shapes, `${at}.shapes`).map((value, index) => {
      const place = `${at}.shapes[${index}]`;
      const shape = asObject(value, place);
      return {
        fromId: asText(shape.from_id, `${place}.from_id`),
        attnum: asCount(shape.attnum, `${place}.attnum`),
        name: asText(shape.name, `${place}.name`),
        type: asText(shape.type, `${place}.type`),
        recorded: asBoolean(shape.recorded, `${place}.recorded`),
      };
    }),
  };
}

function fileOf(object: Record<string, unknown>, at: string): ArchivedFile {
  const path = asText(object.path, `${at}.path`);
  // A manifest is not trusted with the file system: nothing outside of the archive is read for it.
  if (!/^table=[^/\\]+\/month=[^/\\]+\/segment-[^/\\]+$/.test(path)) {
    throw new Malformed(`${at}.path is no path of a data file: ${JSON.stringify(path)}`);
  }
  const format = asText(object.format, `${at}.format`);
  if (format !== "parquet" && format !== "ndjson") {
    throw new Malformed(`${at}.format is neither parquet nor ndjson: ${JSON.stringify(format)}`);
  }
  return {
    path,
    relation: asCount(object.relation, `${at}.relation`),
    month: asText(object.month, `${at}.month`),
    format,
    compression: asText(object.compression, `${at}.compression`),
    changes: asCount(object.changes, `${at}.changes`),
    bytes: asCount(object.bytes, `${at}.bytes`),
    sha256: asText(object.sha256, `${at}.sha256`),
    content: asText(object.content, `${at}.content`),
    firstId: asText(object.first_id, `${at}.first_id`),
    lastId: asText(object.last_id, `${at}.last_id`),
    firstAt: asText(object.first_at, `${at}.first_at`),
    lastAt: asText(object.last_at, `${at}.last_at`),
    firstBegan: asNullableText(object.first_began, `${at}.first_began`),
  };
}

function manifestJson({ version, tool, segment, relations, files }: Manifest): unknown {
  return {
    version,
    tool,
    segment: {
      id: segment.id,
      era: segment.era,
      retention: segment.retention,
      changes: segment.changes,
      first_id: segment.firstId,
      last_id: segment.lastId,
      first_at: segment.firstAt,
      last_at: segment.lastAt,
    },
    relations: relations.map(({ id, schema, table, keyColumns, shapes }) => ({
      id,
      schema,
      table,
      key_columns: keyColumns,
      shapes: shapes.map(({ fromId, attnum, name, type, recorded }) => ({
        from_id: fromId,
        attnum,
        name,
        type,
        recorded,
      })),
    })),
    files: files.map((file) => ({
      path: file.path,
      relation: file.relation,
      month: file.month,
      format: file.format,
      compression: file.compression,
      changes: file.changes,
      bytes: file.bytes,
      sha256: file.sha256,
      content: file.content,
      first_id: file.firstId,
      last_id: file.lastId,
      first_at: file.firstAt,
      last_at: file.lastAt,
      first_began: file.firstBegan,
    })),
  };
}

/** The object in memory, for the small ones. */
export async function wholeObject(target: Target, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of target.read(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unreadable(where: string, why: string): UserError {
  return new UserError(ExitCode.Surroundings, `The manifest ${where} cannot be read: ${why}.`, {
    hint: "Fetch it again from a copy of the archive; without it the segment counts as not archived.",
  });
}
