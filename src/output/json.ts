import type { Change } from "../types.ts";

/** Version of the documents' shape. Fields are only ever added within one version. */
const documentVersion = 1;

/** Fields of a document beside `version` and `items`. */
export type ExtraFields = Readonly<Record<string, unknown>> & {
  readonly version?: never;
  readonly items?: never;
};

/** Chunks of about this many characters: few writes, little memory. */
const chunkSize = 64 * 1024;

/**
 * What JSON.stringify lets through and a terminal would obey or hide: DEL, C1, line separators, bidi marks, what has
 * no width, tags. Joiners and variation selectors make emoji, and stay.
 */
const obeyed =
  /[\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/**
 * One value as JSON on one line, without newline: the line of ndjson. Numbers beyond doubles (bigint) become
 * text; what a terminal would obey or hide is escaped, so that printing it is harmless and parsing it gives the same.
 */
export function jsonLine(value: unknown): string {
  return stringify(value).replace(obeyed, (mark) => mark.split("").map(escaped).join(""));
}

/** Being asked about each value takes several times as long: only where one cannot be written otherwise. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_key, inner) => (typeof inner === "bigint" ? String(inner) : inner));
  }
}

/** One UTF-16 unit, as JSON escapes it. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A whole answer as one document: `version`, the extra fields, `items`, one item per line. */
export function jsonDocument(items: readonly unknown[], extra: ExtraFields = {}): string {
  const lines = items.map((item) => `\n${jsonLine(item)}`).join(",");
  return `${opening(extra)}${lines}${closing(items.length > 0)}`;
}

/**
 * The same document, byte for byte, for answers of any length. The first item leaves at once. When `items`
 * throws, the document stays unclosed: what was written does not parse, so half an answer cannot pass for one.
 */
export async function* streamJson(
  items: AsyncIterable<unknown> | Iterable<unknown>,
  extra: ExtraFields = {},
): AsyncGenerator<string, void, undefined> {
  let pending = opening(extra);
  let count = 0;
  for await (const item of items) {
    pending += `${count === 0 ? "" : ","}\n${jsonLine(item)}`;
    count++;
    if (count === 1 || pending.length >= chunkSize) {
      yield pending;
      pending = "";
    }
  }
  yield pending + closing(count > 0);
}

function opening(extra: ExtraFields): string {
  return `${jsonLine({ version: documentVersion, ...extra }).slice(0, -1)},"items":[`;
}

function closing(hasItems: boolean): string {
  return hasItems ? "\n]}\n" : "]}\n";
}

/** A change as every JSON answer shows it: these keys, in this order, none left out. */
export function changeJson(change: Change) {
  return {
    id: change.id,
    tx: change.tx,
    at: change.at,
    schema: change.schema,
    table: change.table,
    op: change.op,
    key: change.key,
    old_key: change.oldKey,
    old: change.old,
    new: change.new,
    actor: change.actor,
    db_user: change.dbUser,
    role: change.role,
    application: change.application,
    client_addr: change.clientAddr,
    context: change.context,
  };
}
