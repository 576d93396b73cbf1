import type { ColumnFacts } from "./auditable.ts";
import type { CaptureSettings, Choice } from "./capture.ts";

export const benchOperations = ["insert", "update", "delete"] as const;
export type BenchOperation = (typeof benchOperations)[number];

/** Statements of one row each, or one statement over the whole copy. */
export const benchSizes = ["row", "table"] as const;
export type BenchSize = (typeof benchSizes)[number];

export const benchVariants = ["plain", "audited"] as const;
export type BenchVariant = (typeof benchVariants)[number];

/** What was measured of one kind of statement in one round, per row written. */
export interface BenchSample {
  readonly operation: BenchOperation;
  readonly size: BenchSize;
  readonly variant: BenchVariant;
  readonly micros: number;
  readonly wal: number;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
}

/** What one kind of statement costs per row written, by itself and audited. */
export interface BenchFigure {
  readonly operation: BenchOperation;
  readonly size: BenchSize;
  /** Microseconds. */
  readonly plain: Spread;
  readonly audited: Spread;
  /** Minimum less minimum, median less median: below 0 where the noise is greater than the cost. */
  readonly added: Spread;
  /** Audited by plain, of the minima; null where plain took no time that could be measured. */
  readonly ratio: number | null;
  /** Bytes of WAL, the least of all rounds. */
  readonly walPlain: number;
  readonly walAudited: number;
  /** Bytes of a row of the log; null where nothing was recorded. */
  readonly logBytes: number | null;
}

/** The figures of each kind of statement that was measured both ways: by size, then by operation. */
export function summarizeBench(
  samples: readonly BenchSample[],
  logBytes: ReadonlyMap<BenchOperation, number>,
): BenchFigure[] {
  return benchSizes.flatMap((size) =>
    benchOperations.flatMap((operation) => {
      const of = (variant: BenchVariant) =>
        samples.filter(
          (sample) => sample.operation === operation && sample.size === size && sample.variant === variant,
        );
      const [plain, audited] = [of("plain"), of("audited")];
      if (plain.length === 0 || audited.length === 0) return [];
      const times = { plain: spreadOf(plain, "micros"), audited: spreadOf(audited, "micros") };
      return [
        {
          operation,
          size,
          ...times,
          added: {
            min: times.audited.min - times.plain.min,
            median: times.audited.median - times.plain.median,
          },
          ratio: times.plain.min > 0 ? times.audited.min / times.plain.min : null,
          walPlain: spreadOf(plain, "wal").min,
          walAudited: spreadOf(audited, "wal").min,
          logBytes: logBytes.get(operation) ?? null,
        },
      ];
    }),
  );
}

function spreadOf(samples: readonly BenchSample[], of: "micros" | "wal"): Spread {
  const sorted = samples.map((sample) => sample[of]).sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return { min: sorted[0] ?? 0, median: (low + high) / 2 };
}

/**
 * Which variant goes first alternates, from round to round and from one kind of statement to the next: whatever
 * gets slower with time then touches both alike.
 */
export function benchOrder(round: number, kind: number): readonly BenchVariant[] {
  return (round + kind) % 2 === 0 ? benchVariants : [...benchVariants].reverse();
}

/**
 * SQL expressions that change a value of this type (`format_type` of its base type) a little, most likely to keep
 * the table's constraints first. Empty for types we know no way for. `column` is SQL.
 */
export function changesOf(type: string, column: string): string[] {
  const name = type.replace(/\(.*?\)/, "");
  switch (name) {
    case "smallint":
    case "integer":
    case "bigint":
      return [`${column} # 1::${name}`, `${column} + 1::${name}`, `${column} - 1::${name}`];
    case "numeric":
      return ["+", "-"].map(
        (sign) => `round(${column} ${sign} power(10::numeric, -scale(${column})), scale(${column}))`,
      );
    case "real":
    case "double precision":
      return [`${column} + 1`, `${column} - 1`];
    case "boolean":
      return [`not ${column}`];
    case "text":
    case "character varying":
    case "character":
      return [`reverse(${column}::text)`, `right(${column}::text, -1) || left(${column}::text, 1)`];
    case "timestamp without time zone":
    case "timestamp with time zone":
      return [`${column} + interval '1 microsecond'`, `${column} - interval '1 microsecond'`];
    case "date":
      return [`${column} + 1`, `${column} - 1`];
    case "uuid":
      return [`(reverse(replace(${column}::text, '-', '')))::uuid`];
    default:
      return [];
  }
}

/** One way to change one column that the table's constraints let pass. */
export interface Change {
  readonly column: string;
  /** SQL. */
  readonly expression: string;
  /** The part of the rows of which it changes the value, up to 1. */
  readonly share: number;
}

/** A value like '' or null stays as it is, so that few rows of a column may change. */
const NEARLY_ALL = 0.99;

export function changesNearlyAll({ share }: Change): boolean {
  return share >= NEARLY_ALL;
}

/** What the measured update is to change: the first two columns that change in nearly all rows, else the one that does in most. */
export function pickChanges(found: readonly Change[]): Change[] {
  const whole = found.filter(changesNearlyAll).slice(0, 2);
  if (whole.length > 0) return whole;
  return [...found].sort((one, other) => other.share - one.share).slice(0, 1);
}

/**
 * The settings of a table for a copy of it, which numbers its columns anew where the table has dropped some. A copy
 * has no triggers and no relatives, for which the table itself is captured row by row; `byRow` makes it so.
 */
export function settingsOfCopy(
  settings: CaptureSettings,
  from: readonly ColumnFacts[],
  to: readonly ColumnFacts[],
  byRow: boolean,
): CaptureSettings {
  const renumber = (attnums: readonly number[]) =>
    attnums.flatMap((attnum) => {
      const name = from.find((column) => column.attnum === attnum)?.name;
      return to.filter((column) => column.name === name).map((column) => column.attnum);
    });
  const choice = ({ columns, globs }: Choice): Choice => ({ columns: renumber(columns), globs });
  return {
    ...settings,
    keyColumns: renumber(settings.keyColumns),
    exclude: choice(settings.exclude),
    only: settings.only && choice(settings.only),
    redact: choice(settings.redact),
    // Triggers that also fire in replica role go row by row, and cost nothing more.
    always: settings.always || byRow,
  };
}

/** What the figures do not hold, or hold otherwise than the table would have it, in sentences without a full stop. */
export function benchNotes(measured: {
  /** pg_class.relkind */
  readonly kind: string;
  readonly rowSecurity: boolean;
  readonly triggers: boolean;
  readonly foreignKeys: boolean;
  readonly changes: readonly Change[];
}): string[] {
  const { changes } = measured;
  const [first] = changes;
  return [
    "a statement of one row has no commit of its own here, nor a round trip: in an application these are added to plain and audited alike",
    ...(first === undefined
      ? ["no update was measured: none was found that the table's own constraints let pass"]
      : [
          `updates change ${changes.map(({ column }) => column).join(" and ")}${
            changesNearlyAll(first)
              ? ""
              : `, which stays as it is in ${Math.round((1 - first.share) * 100)} of 100 rows: nothing is recorded there`
          }`,
        ]),
    ...(measured.kind === "p"
      ? ["the copies are ordinary tables: what finding the partition costs is in neither"]
      : []),
    ...(measured.triggers
      ? ["the copies have no triggers of the application's own: what these cost is in neither"]
      : []),
    ...(measured.foreignKeys
      ? ["the copies have no foreign keys: what checking these costs is in neither"]
      : []),
    ...(measured.rowSecurity
      ? ["the copies have no row-level security: what its policies cost is in neither"]
      : []),
  ];
}
