/** One row as COPY prints it: the text of each column, null for NULL. */
export type CopiedRow = readonly (string | null)[];

/** Takes what COPY … TO STDOUT sends, in pieces cut anywhere, and gives back rows. */
export interface CopyReader {
  /** The rows that are whole with this piece. */
  readonly push: (piece: Uint8Array) => CopiedRow[];
  /** Throws where a row was begun and not brought to its end. */
  readonly end: () => void;
}

const NEWLINE = 0x0a;

/** Reads the text format of COPY: columns between tabs, rows before newlines, NULL as \N, what would disturb escaped. */
export function createCopyReader(columns: number): CopyReader {
  let rest: Uint8Array[] = [];
  return {
    push(piece) {
      const end = piece.lastIndexOf(NEWLINE);
      if (end < 0) {
        if (piece.length > 0) rest.push(piece);
        return [];
      }
      // A newline inside a value is escaped, so that none stands within a character or a value.
      const text = Buffer.concat([...rest, piece.subarray(0, end)]).toString("utf8");
      rest = end + 1 < piece.length ? [piece.subarray(end + 1)] : [];
      return text.split("\n").map((line) => readRow(line, columns));
    },
    end() {
      if (rest.length > 0) throw new Error("COPY ended within a row");
    },
  };
}

function readRow(line: string, columns: number): CopiedRow {
  const fields: (string | null)[] = line.split("\t");
  if (fields.length !== columns) throw new Error(`COPY sent ${fields.length} columns, not ${columns}`);
  for (let place = 0; place < columns; place++) {
    const field = fields[place] ?? "";
    if (field.includes("\\")) fields[place] = field === "\\N" ? null : field.replace(escapes, meaning);
  }
  return fields;
}

const escapes = /\\([\s\S])/g;

const meant: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

function meaning(whole: string, letter: string): string {
  const character = meant[letter];
  // The server writes no others; to guess at one would be to falsify what was recorded.
  if (character === undefined) throw new Error(`COPY sent the escape ${whole}, which is not known`);
  return character;
}
