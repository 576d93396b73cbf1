import type { KeyFrom } from "../types.ts";
import type { Obstacle, TableFacts } from "./auditable.ts";
import { quoteIdentifier } from "./name.ts";

/** What is asked for: the columns of --key by name, none of them with --no-key, or whatever there is. */
export type KeyWish = readonly string[] | "none" | undefined;

export interface Key {
  /** Attribute numbers in key order. */
  readonly keyColumns: readonly number[];
  readonly keyFrom: KeyFrom;
}

/**
 * The key by which a table's rows are told apart: its primary key; else the columns that are asked for, or were
 * before, if a unique index over just these is there that holds for every row; else none, if that is asked for. Or
 * why there is no such key, with the indexes that would do.
 */
export function settleKey(facts: TableFacts, wish: KeyWish, former: Key | undefined): Key | Obstacle {
  const name = `${quoteIdentifier(facts.schema)}.${quoteIdentifier(facts.table)}`;
  const primary: Key = { keyColumns: facts.keyColumns, keyFrom: "primary" };
  if (wish === undefined) {
    if (former?.keyFrom === "chosen" && findCandidate(facts, former.keyColumns)) return former;
    if (facts.keyColumns.length > 0) return primary;
    if (former?.keyFrom === "none") return former;
    return withoutKey(facts, name);
  }
  if (facts.keyColumns.length > 0) {
    return {
      reason: "has a primary key, and goes by it",
      hint: `Leave out ${wish === "none" ? "--no-key" : "--key"}: audit enable ${name}`,
    };
  }
  if (wish === "none") return { keyColumns: [], keyFrom: "none" };
  const columns = wish.map((column) => facts.columns.find((found) => found.name === column));
  const unknown = wish.filter((_, index) => columns[index] === undefined);
  if (unknown.length > 0) {
    return {
      reason: `has no column ${unknown.map((column) => quoteIdentifier(column)).join(" or ")} to be its key`,
      hint: `Its columns: ${facts.columns.map((column) => column.name).join(", ")}.`,
    };
  }
  const candidate = findCandidate(
    facts,
    columns.flatMap((column) => (column ? [column.attnum] : [])),
  );
  if (candidate) return { keyColumns: candidate.columns, keyFrom: "chosen" };
  return {
    reason: `has no unique index over just ${wish.map((column) => quoteIdentifier(column)).join(", ")} that holds for every row (unique, all columns NOT NULL, not partial)`,
    hint: candidatesHint(facts, name),
  };
}

/** The index over just these columns, in whatever order. */
function findCandidate({ candidates }: TableFacts, columns: readonly number[]) {
  const wanted = String([...columns].sort((one, other) => one - other));
  return candidates.find(
    (candidate) => String([...candidate.columns].sort((one, other) => one - other)) === wanted,
  );
}

function withoutKey(facts: TableFacts, name: string): Obstacle {
  return {
    reason: "has no primary key, by which its rows could be told apart",
    hint: candidatesHint(facts, name),
  };
}

/** What to do for want of a key, one way after the other. */
function candidatesHint({ candidates, columns }: TableFacts, name: string): string {
  const named = candidates.map((candidate) =>
    candidate.columns
      .map((attnum) => quoteIdentifier(columns.find((column) => column.attnum === attnum)?.name ?? ""))
      .join(","),
  );
  const [first, ...others] = named;
  const logOnly = `As a log only, without row history or time travel: audit enable ${name} --no-key`;
  if (first === undefined) return `Add one: alter table ${name} add primary key (…); ${logOnly}`;
  const more = others.length > 0 ? ` (or ${others.map((key) => `--key ${key}`).join(", ")})` : "";
  return `A unique index would do: audit enable ${name} --key ${first}${more}. ${logOnly}`;
}
