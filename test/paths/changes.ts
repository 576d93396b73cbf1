/** The values of a row as the log keeps them: PostgreSQL's own texts. */
export type Values = Readonly<Record<string, string | null>>;

/** What the log says of one operation on one row, without who and when. */
export interface Recorded {
  readonly table: string;
  readonly op: string;
  readonly key: string | null;
  readonly old_key: string | null;
  readonly old: Values | null;
  readonly new: Values | null;
}

/** Changes that one statement made of different rows: nothing says which of them comes first. */
export interface Together {
  readonly together: readonly Recorded[];
}

/** The expected changes of one table. */
export function changesOf(table: string) {
  const change = (part: Partial<Recorded>): Recorded => ({
    table,
    op: "",
    key: null,
    old_key: null,
    old: null,
    new: null,
    ...part,
  });
  return {
    inserted: (key: string, values: Values) => change({ op: "I", key, new: values }),
    updated: (key: string, before: Values, after: Values) =>
      change({ op: "U", key, old: before, new: after }),
    /** An update that moved the row to another key: its old image is the whole row. */
    rekeyed: (from: string, to: string, before: Values, after: Values) =>
      change({ op: "U", key: to, old_key: from, old: before, new: after }),
    deleted: (key: string, values: Values) => change({ op: "D", key, old: values }),
    truncated: (key: string, values: Values) => change({ op: "T", key, old: values }),
    /** A TRUNCATE of which the event alone is kept. */
    emptied: () => change({ op: "T" }),
  };
}

/** Marks changes of one statement to different rows, which may come in any order. */
export function together(...changes: readonly Recorded[]): Together {
  return { together: changes };
}

/** The recorded changes with those that may come in any order brought into the expected one, for comparing. */
export function inExpectedOrder(
  recorded: readonly Recorded[],
  expected: readonly (Recorded | Together)[],
): Recorded[] {
  const rest = [...recorded];
  const ordered = expected.flatMap((part) => {
    if (!("together" in part)) return rest.splice(0, 1);
    const places = new Map(part.together.map((change, place) => [JSON.stringify(sorted(change)), place]));
    const place = (change: Recorded) => places.get(JSON.stringify(sorted(change))) ?? part.together.length;
    return rest.splice(0, part.together.length).toSorted((one, other) => place(one) - place(other));
  });
  return [...ordered, ...rest];
}

function sorted({ old, new: after, ...rest }: Recorded): unknown {
  const entries = (values: Values | null) => values && Object.entries(values).toSorted();
  return [rest.table, rest.op, rest.key, rest.old_key, entries(old), entries(after)];
}
