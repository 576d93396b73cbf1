import type { BlameStatus, ColumnBlame } from "../core/blame.ts";
import type { Change, Value, Withheld } from "../types.ts";
import type { Cell, Column, Look, Row } from "./columns.ts";
import { ago } from "./duration.ts";
import { localTime } from "./instant.ts";
import { valueText } from "./value.ts";

export interface BlameLook extends Look {
  readonly now: Date;
  /** The zone instants are shown in. */
  readonly zone: string;
}

/** The flat form of a row's blame. */
export const blameColumns: readonly Column[] = [
  { title: "column" },
  { title: "value" },
  { title: "set by" },
  { title: "when", fixed: true },
  { title: "tx", align: "right" },
  { title: "before" },
  { title: "reason" },
];

const words: Readonly<Record<Exclude<BlameStatus, "change" | "insert">, string>> = {
  added: "(added by DDL)",
  before_coverage: "(before auditing began)",
  excluded: "(not recorded)",
  generated: "(computed, never stored)",
  unrecorded: "(while it was not recorded)",
  around: "(around the audit)",
};

/** One column of the row as cells: what has no value is `-`, what has one that is not known is `?`. */
export function blameCells(blame: ColumnBlame, look: BlameLook): Row {
  const { dim, red } = look.style;
  const { change, status, column, value, previous } = blame;
  const said = status === "change" || status === "insert" ? "" : words[status];
  const reason = change?.context && Object.hasOwn(change.context, "reason") ? change.context.reason : "";
  return [
    column,
    valueCell(value, { text: "?", paint: dim }),
    change ? whoText(change) : { text: said, paint: status === "around" ? red : dim },
    whenText(blame, look),
    change?.tx ?? { text: "-", paint: dim },
    valueCell(previous, { text: status === "change" ? "?" : "-", paint: dim }),
    typeof reason === "string" ? reason : "",
  ];
}

function valueCell(value: Value | Withheld | undefined, unknown: Cell): Cell {
  if (value === undefined) return unknown;
  return typeof value === "object" && value !== null ? valueText(value) : value;
}

/**
 * The claimed actor with what the server knows in brackets: the session's user, and the role in force where that was
 * another. The server's word alone where nothing else was claimed.
 */
export function whoText({ actor, dbUser, role }: Pick<Change, "actor" | "dbUser" | "role">): string {
  const known = role === null || role === dbUser ? dbUser : `${dbUser} as ${role}`;
  return actor === null || actor === known ? known : `${actor} (${known})`;
}

function whenText({ change, status, at }: ColumnBlame, look: BlameLook): string {
  if (change) return instantText(change.at, look);
  if (at === undefined) return "-";
  return status === "before_coverage" ? `before ${instantText(at, look)}` : instantText(at, look);
}

/** In full; on a terminal to the second, and how long ago that was. */
export function instantText(at: string, { now, zone, width }: BlameLook): string {
  const { date, time, rest } = localTime(at, zone);
  return width === undefined ? `${date} ${time}${rest}` : `${date} ${time} (${ago(new Date(at), now)})`;
}

/** One column of the row as JSON answers show it; `value` and `previous` are left out where they are not known. */
export function blameJson({ column, status, value, previous, change, at, note }: ColumnBlame) {
  return {
    column,
    status,
    ...(value === undefined ? {} : { value }),
    ...(previous === undefined ? {} : { previous }),
    set_at: change?.at ?? (status === "added" ? (at ?? null) : null),
    ...(status === "before_coverage" ? { before: at ?? null } : {}),
    tx: change?.tx ?? null,
    change: change?.id ?? null,
    actor: change?.actor ?? null,
    db_user: change?.dbUser ?? null,
    role: change?.role ?? null,
    context: change?.context ?? null,
    ...(note === undefined ? {} : { note }),
  };
}
