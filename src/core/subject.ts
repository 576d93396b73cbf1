import { failWith } from "./caret.ts";
import { escapeControls } from "./safe.ts";

/** What audit show is to show: one change, or one transaction. */
export interface Subject {
  readonly kind: "change" | "tx";
  /** Its number, without leading zeros. */
  readonly id: string;
}

/** Both are numbered by 64 bits. */
const GREATEST_NUMBER = 2n ** 63n - 1n;

/** Reads `change:4711`, a bare number (a change) or `tx:812`; anything else is a usage error with a caret. */
export function parseSubject(text: string): Subject {
  const fail = failWith(
    text,
    "neither a change nor a transaction",
    "Write change:ID, or the number of a change alone, or tx:ID. See them with: audit log",
  );
  const [, prefix, number = ""] = /^(change:|tx:|)(.*)$/s.exec(text) ?? [];
  const at = text.length - number.length;
  const kind = prefix === "tx:" ? "tx" : "change";
  const what = kind === "tx" ? "transaction" : "change";
  if (number === "") fail(at, `the number of a ${what} is missing here`);
  if (!/^\d+$/.test(number)) fail(at, `"${escapeControls(number)}" is not the number of a ${what}`);
  if (BigInt(number) > GREATEST_NUMBER) fail(at, `no ${what} has a number of that size`);
  return { kind, id: String(BigInt(number)) };
}
