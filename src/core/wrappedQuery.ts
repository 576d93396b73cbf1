import { applyEdits, characterIndex, type Edit, placeBefore } from "./edits.ts";

/** A named query that a statement can read like a table. */
export interface NamedQuery {
  /** As SQL. */
  readonly name: string;
  readonly query: string;
}

/** A statement around which named queries are put, and the way back from places in all of it to the statement's own. */
export interface WrappedQuery {
  readonly text: string;
  /** Where a place that the server names (characters from 1) is: in the statement as it was typed, or in which query. */
  readonly locate: (position: number) => QueryPlace;
}

export type QueryPlace =
  | { readonly in: "statement"; readonly at: number }
  /** Behind the statement's last character: it ends too early. */
  | { readonly in: "end"; readonly at: number }
  /** In a named query, at a place of its text. */
  | { readonly in: "query"; readonly name: string; readonly at: number };

/** One statement that reads `queries` by their names; each may read those before it. Its rows and their order stay. */
export function wrapQuery(
  queries: readonly NamedQuery[],
  statement: { readonly text: string; readonly edits: readonly Edit[] },
): WrappedQuery {
  let head = "";
  const ends: { readonly name: string; readonly start: number; readonly end: number }[] = [];
  for (const { name, query } of queries) {
    head += `${head === "" ? "with " : ",\n"}${name} as (\n`;
    const start = head.length;
    head += `${query}\n)`;
    ends.push({ name, start, end: head.length });
  }
  head += `${head === "" ? "" : "\n"}select * from (\n`;
  const body = applyEdits(statement.text, statement.edits);
  const text = `${head}${body}\n) as answer`;
  return {
    text,
    locate: (position) => {
      const index = characterIndex(text, position);
      const query = ends.find(({ end }) => index < end);
      if (query !== undefined) return { in: "query", name: query.name, at: index - query.start };
      if (index - head.length >= body.length) return { in: "end", at: statement.text.length };
      return { in: "statement", at: placeBefore(Math.max(0, index - head.length), statement.edits) };
    },
  };
}
