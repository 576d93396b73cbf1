/** A row operation as the test_decoding plugin of PostgreSQL writes it; NULLs of the old row are left out. */
export interface WalChange {
  readonly table: string;
  readonly op: "INSERT" | "UPDATE" | "DELETE";
  readonly old: ReadonlyMap<string, string | null>;
  readonly new: ReadonlyMap<string, string | null>;
}

/**
 * Reads a line such as `table s."Odd.Pair": UPDATE: old-key: "x y"[text]:'a' a[integer]:1 new-tuple: a[integer]:2`;
 * undefined for any other line, and for those of TRUNCATE, which name the tables.
 */
export function readWalLine(line: string): WalChange | undefined {
  const head = /^table ("(?:[^"]|"")+"|[^.":]+)\.("(?:[^"]|"")+"|[^":]+): (INSERT|UPDATE|DELETE):/.exec(line);
  if (head === null) return undefined;
  const [whole, , table = "", op] = head;
  const sides: Record<"old" | "new", Map<string, string | null>> = { old: new Map(), new: new Map() };
  let side: "old" | "new" = op === "DELETE" ? "old" : "new";
  let rest = line.slice(whole.length);
  while (rest !== "") {
    const label = /^ (old-key|new-tuple):/.exec(rest);
    if (label) {
      side = label[1] === "old-key" ? "old" : "new";
      rest = rest.slice(label[0].length);
      continue;
    }
    const cell = /^ ("(?:[^"]|"")+"|[^["]+)\[((?:"(?:[^"]|"")*"|\[\]|[^\]])*)\]:('(?:[^']|'')*'|[^ ]+)/.exec(
      rest,
    );
    if (cell === null) throw new Error(`This part of the WAL was not understood: ${rest}\nof ${line}`);
    const [text, name = "", , value = ""] = cell;
    sides[side].set(unquoted(name, '"'), value === "null" ? null : unquoted(value, "'"));
    rest = rest.slice(text.length);
  }
  return { table: unquoted(table, '"'), op: op as WalChange["op"], ...sides };
}

/** The unquoted names of the tables that a line about TRUNCATE names. */
export function truncatedTables(line: string): string[] {
  const named = /^table (.*): TRUNCATE: /.exec(line)?.[1];
  if (named === undefined) return [];
  return [...named.matchAll(/(?:"(?:[^"]|"")+"|[^.", ]+)\.("(?:[^"]|"")+"|[^", ]+)/g)].map(([, name = ""]) =>
    unquoted(name, '"'),
  );
}

function unquoted(text: string, mark: '"' | "'"): string {
  return text.startsWith(mark) ? text.slice(1, -1).replaceAll(mark + mark, mark) : text;
}
