import type { Tag } from "../db/tags.ts";
import type { Column, Row } from "./columns.ts";
import { ago } from "./duration.ts";
import { localTime } from "./instant.ts";

export const tagColumns: readonly Column[] = [
  { title: "tag", fixed: true },
  { title: "at", fixed: true },
  { title: "set by" },
  { title: "note" },
];

/** A tag as a line of the table; on a terminal with its age. */
export function tagRow({
  now,
  zone,
  width,
}: {
  readonly now: Date;
  readonly zone: string;
  readonly width: number | undefined;
}): (tag: Tag) => Row {
  return ({ name, at, dbUser, note }) => {
    const { date, time, rest } = localTime(at, zone);
    const age = width === undefined ? "" : ` (${ago(new Date(at), now)})`;
    return [name, `${date} ${time}${width === undefined ? rest : ""}${age}`, dbUser, note ?? ""];
  };
}

/** A tag as JSON answers show it. */
export function tagJson({ name, at, dbUser, note, id, snapshot }: Tag) {
  return { name, at, db_user: dbUser, note, id, snapshot };
}
