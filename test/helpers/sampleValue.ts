/** Awkward where it fits: quotes, escapes, newlines, wide and combining letters, what looks like NULL or like JSON. */
const texts = [
  'it\'s "quoted"',
  "back\\slash",
  "two\nlines",
  "naïve 名前 🦉",
  "",
  " spaced ",
  "NULL",
  '{"a": [1]}',
  "%s $1 %I",
  "e\u0301",
];

const samples: readonly (readonly [RegExp, (n: number) => string])[] = [
  [/^(smallint|integer|bigint)$/, (n) => String(1000 + n)],
  [/^numeric/, (n) => `${n % 90}.${String((n * 7) % 100).padStart(2, "0")}`],
  [/^(real|double precision)$/, (n) => ["0.1", "-0", "1e-7", "NaN", "Infinity", "3.4e38"][n % 6] ?? "1"],
  [/^boolean$/, (n) => String(n % 2 === 0)],
  [/^bytea$/, (n) => `\\x00ff${n.toString(16).padStart(4, "0")}27`],
  [/^date$/, (n) => ["2024-02-29", "0044-03-15 BC", "infinity", "1999-12-31"][n % 4] ?? "2000-01-01"],
  [/^timestamp/, (n) => ["2024-02-29 23:59:59.999999", "-infinity", "1582-10-15 00:00:00.1"][n % 3] ?? ""],
  [/^uuid$/, (n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`],
  [/^jsonb?$/, (n) => `{"n": ${n}, "list": [null, 1.50]}`],
];

/**
 * A value of the type as PostgreSQL reads it, the `n`th of a series; texts keep within the type's length. Throws
 * for a type nobody thought of.
 */
export function sampleValue(type: string, n: number): string {
  const length = textLength(type);
  if (length !== undefined) return fitting(texts[n % texts.length] ?? "", length);
  const sample = samples.find(([pattern]) => pattern.test(type))?.[1];
  if (!sample) throw new Error(`There is no sample value of type ${type}.`);
  return sample(n);
}

/** The same for keys: texts that no row of an example database has, another for each `n`. */
export function sampleKey(type: string, n: number): string {
  const length = textLength(type);
  return length === undefined ? sampleValue(type, n) : `~${n.toString(36)}'."`.slice(0, length);
}

function textLength(type: string): number | undefined {
  if (type === "text") return Number.POSITIVE_INFINITY;
  const match = /^character(?: varying)?(?:\((\d+)\))?$/.exec(type);
  return match ? Number(match[1] ?? (type === "character" ? 1 : Number.POSITIVE_INFINITY)) : undefined;
}

/** Cut by letters, which is how the server counts. */
function fitting(text: string, length: number): string {
  return [...text].slice(0, length === Number.POSITIVE_INFINITY ? undefined : length).join("");
}
