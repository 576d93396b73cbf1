/** The object that tells whose archive it is. */
export const identityPath = "_audit/archive.json";

/** Begins the path of every manifest. */
export const manifestPrefix = "_audit/segment-";

/** Where the manifest of a segment lies. */
export function manifestPath(segment: number): string {
  return `${manifestPrefix}${numbered(segment)}.json`;
}

/** What names a data file. `part` counts from 1. */
export interface FileName {
  readonly schema: string;
  readonly table: string;
  readonly month: string;
  readonly segment: number;
  readonly relation: number;
  readonly part: number;
  /** With its dot. */
  readonly extension: string;
}

/** Where a data file lies: in folders as Hive names them, so that engines read table and month out of the path. */
export function dataPath({ schema, table, month, segment, relation, part, extension }: FileName): string {
  const folder = `table=${hiveValue(`${schema}.${table}`)}/month=${hiveValue(month)}`;
  const suffix = part === 1 ? "" : `.part-${part}`;
  return `${folder}/segment-${numbered(segment)}.relation-${relation}${suffix}${extension}`;
}

function numbered(segment: number): string {
  return String(segment).padStart(6, "0");
}

/**
 * Percent-encodes what a path, a URL or a file system would take amiss. Letters beyond ASCII stay: encoded, a
 * long name would be too long for a file.
 */
function hiveValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be encoded
  return text.replace(/[\u0000-\u0020!"#$%&'()*+,/:;<=>?@[\\\]^`{|}\u007f]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
