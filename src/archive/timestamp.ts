const PRINTED =
  /^(\d{4,6})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)( BC)?$/;

const SECOND = 1_000_000n;

/** A Date ends within 275760, the server's calendar with 294276; but the calendar repeats every 400 years. */
const LAST_OF_DATE = 275_000;
const LAST_SECOND_OF_DATE = Date.UTC(LAST_OF_DATE, 11, 31) / 1000;
const SHIFT_YEARS = 20_000;
const SHIFT_SECONDS = (SHIFT_YEARS / 400) * 146_097 * 86_400;

/** What int64 microseconds stand for, at the two ends, where the timestamp is infinite (as DuckDB reads them). */
const INFINITY = 2n ** 63n - 1n;

/**
 * Microseconds since 1970-01-01 UTC of a timestamptz as PostgreSQL prints it in UTC: years before 1 (BC) and
 * beyond 9999, and both infinities. RangeError for anything else, and for an instant that 64 bits do not hold.
 */
export function microsecondsOf(text: string): bigint {
  const match = PRINTED.exec(text);
  if (match === null) {
    if (text === "infinity") return INFINITY;
    if (text === "-infinity") return -INFINITY;
    throw new RangeError(`not an instant in UTC: ${text}`);
  }
  const [, year, month, day, hour, minute, second, fraction = "", before] = match;
  const astronomical = before ? 1 - Number(year) : Number(year);
  const shifted = astronomical > LAST_OF_DATE;
  const date = new Date(0);
  date.setUTCFullYear(astronomical - (shifted ? SHIFT_YEARS : 0), Number(month) - 1, Number(day));
  const seconds =
    BigInt(date.getTime() / 1000 + (shifted ? SHIFT_SECONDS : 0)) +
    BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  const microseconds = seconds * SECOND + BigInt(fraction.padEnd(6, "0"));
  if (microseconds >= INFINITY) throw new RangeError(`an instant beyond 64 bits of microseconds: ${text}`);
  return microseconds;
}

/** The instant as PostgreSQL prints it: `2026-11-26 14:23:14.1234+00`. Inverse of microsecondsOf. */
export function printedInstant(microseconds: bigint): string {
  if (microseconds === INFINITY) return "infinity";
  if (microseconds === -INFINITY) return "-infinity";
  const rest = ((microseconds % SECOND) + SECOND) % SECOND;
  const seconds = Number((microseconds - rest) / SECOND);
  const shifted = seconds > LAST_SECOND_OF_DATE;
  const date = new Date((shifted ? seconds - SHIFT_SECONDS : seconds) * 1000);
  const year = date.getUTCFullYear() + (shifted ? SHIFT_YEARS : 0);
  const printed = String(year < 1 ? 1 - year : year).padStart(4, "0");
  const clock = date.toISOString().slice(-20, -5);
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(6, "0").replace(/0+$/, "")}`;
  return `${printed}${clock.slice(0, 6)} ${clock.slice(7)}${fraction}+00${year < 1 ? " BC" : ""}`;
}

/** The month (UTC) a change belongs to, as folders are named: `2026-11`; ` BC` behind years before 1. */
export function monthOf(at: string): string {
  if (at.endsWith("infinity")) return at;
  const end = at.indexOf("-", 4) + 3;
  return at.endsWith(" BC") ? `${at.slice(0, end)} BC` : at.slice(0, end);
}

/** The instant is the other or an earlier one. */
export function isBefore(one: string, other: string): boolean {
  // Texts of years with four digits sort as their instants do, "+" before "." before digits: a million are compared.
  return isPlain(one) && isPlain(other) ? one <= other : microsecondsOf(one) <= microsecondsOf(other);
}

function isPlain(text: string): boolean {
  return text[4] === "-" && text[10] === " " && text.endsWith("+00");
}
