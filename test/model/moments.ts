import type { Known, PastHistory } from "./making.ts";
import type { Copy } from "./truth.ts";
import type { LiveTable } from "./world.ts";

/** A boundary asked for in one of the two ways, and what the answer has to be. */
export interface Moment extends Known {
  /** The boundary's number. */
  readonly place: number;
  readonly way: "clock" | "tag";
  /** For people. */
  readonly title: string;
  /** As `audit` takes it. */
  readonly typed: string;
  /** The tables as they were then and at each later boundary asked for in the same way. */
  readonly since: readonly Copy[];
  /** SQL for the rows of a table as they were. */
  readonly rowsOf: (table: string) => string;
  /** SQL for what can be known of the columns of a table, by oid. */
  readonly columnsOf: (table: number) => string;
}

/** A moment of which everything is known. */
export type KnownMoment = Moment & { readonly state: Copy };

/** Every boundary in both ways, in order of time. */
export function momentsOf({ boundaries }: PastHistory): Moment[] {
  return boundaries.flatMap((boundary, place): Moment[] => {
    const { instant, tag, kind } = boundary;
    const later = boundaries.slice(place);
    const title = `boundary ${place} (${kind}, ${instant})`;
    return [
      {
        ...boundary.byClock,
        place,
        way: "clock",
        title,
        typed: instant,
        since: later.flatMap(({ byClock: { state } }) => (state ? [state] : [])),
        rowsOf: (table) => `audit.at(null::${table}, '${instant}')`,
        columnsOf: (table) => `audit._columns_at(audit._relation_of(${table}), ${table}, '${instant}')`,
      },
      {
        ...boundary.byTag,
        place,
        way: "tag",
        title: `${title} by tag ${tag}`,
        typed: `tag:${tag}`,
        since: later.map(({ byTag: { state } }) => state),
        rowsOf: (table) => `audit.at_tag(null::${table}, '${tag}')`,
        columnsOf: (table) =>
          `audit._columns_at(audit._relation_of(${table}), ${table}, (select at from audit.tag where name = '${tag}'), '${tag}')`,
      },
    ];
  });
}

/** Those of which everything is known. */
export function knownMoments(history: PastHistory): KnownMoment[] {
  return momentsOf(history).filter((moment): moment is KnownMoment => moment.state !== undefined);
}

/**
 * The columns of today whose values at the moment cannot be known: excluded, not there yet, or of another type then or
 * since.
 */
export function unknowable(table: LiveTable, { since }: Moment): number[] {
  return table.columns
    .filter(({ attnum, type }) => {
      const types = since.map((copy) => copy.get(table.oid)?.types.get(attnum));
      return (
        table.excluded.includes(attnum) ||
        types.some((other) => other === undefined || !isSameKind(other, type)) ||
        textLength(types[0] ?? "") > textLength(type)
      );
    })
    .map(({ attnum }) => attnum);
}

/** The columns of today whose values at the moment can be known. */
export function knowable(table: LiveTable, moment: Moment): number[] {
  const unknown = unknowable(table, moment);
  return table.columns.map(({ attnum }) => attnum).filter((attnum) => !unknown.includes(attnum));
}

/** Whether ALTER TYPE between the two leaves every value that fits as it is. */
function isSameKind(one: string, other: string): boolean {
  return one === other || (textLength(one) > 0 && textLength(other) > 0);
}

/** How long a text of that type may be; 0 for types that are not text. */
function textLength(type: string): number {
  if (type === "text" || type === "character varying") return Number.POSITIVE_INFINITY;
  return Number(/^character varying\((\d+)\)$/.exec(type)?.[1] ?? 0);
}
