import { failWith } from "./caret.ts";
import { safeText } from "./safe.ts";

/** What a legal hold covers: changes of which everything that is given holds. */
export interface LegalHold {
  readonly name: string;
  /** Registry id of a table; null covers all tables. */
  readonly relation: number | null;
  /** The key as the log writes it; null covers all rows. */
  readonly key: string | null;
  /** The claimed actor, or the session user where none was claimed; null covers everybody. */
  readonly actor: string | null;
}

/** What legal holds keep of the changes of one segment that have expired. */
export interface HeldPart {
  /** The names of the holds that cover some of them. */
  readonly by: readonly string[];
  /** Whether some of them are covered by none. */
  readonly free: boolean;
}

const LONGEST_NAME = 100;

/** What a hold may be called; throws (exit 2) with a caret under the first character that will not do. */
export function checkHoldName(name: string): void {
  const fail = failWith(name, "not a name for a hold", "Write it as case-2026-114 or tax/2025.");
  if (name === "") fail(0, "it is empty");
  const odd = /^[^\p{L}\p{N}_]/u.test(name) ? 0 : name.search(/[^\p{L}\p{N}_.:/@+-]/u);
  if (odd >= 0) {
    const character = safeText(String.fromCodePoint(name.codePointAt(odd) ?? 0));
    fail(odd, `"${character}" cannot ${odd === 0 ? "begin" : "be part of"} the name of a hold`);
  }
  if (name.length > LONGEST_NAME) fail(LONGEST_NAME, `it is longer than ${LONGEST_NAME} letters`);
}

/** Holds as the subject of a clause: `hold "a" keeps`, `holds "a" and "b" keep`. */
export function holdsKeep(names: readonly string[]): string {
  const quoted = names.map((name) => `"${safeText(name)}"`);
  const last = quoted.at(-1) ?? "";
  return quoted.length < 2
    ? `hold ${last} keeps`
    : `holds ${quoted.slice(0, -1).join(", ")} and ${last} keep`;
}
