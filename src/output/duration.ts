const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30.44 * day;
const year = 365.25 * day;

/** Unit, its length, and the distance from which it is used. */
const units = [
  ["year", year, 2 * year],
  ["month", month, 60 * day],
  ["day", day, day],
  ["hour", hour, hour],
  ["minute", minute, minute],
  ["second", second, 10 * second],
] as const;

/** How long ago `from` was, in one unit, rounded down: "just now", "5 minutes ago"; "in 2 minutes" when clocks differ. */
export function ago(from: Date, now: Date): string {
  const elapsed = now.getTime() - from.getTime();
  const distance = Math.abs(elapsed);
  for (const [unit, length, threshold] of units) {
    if (distance < threshold) continue;
    const count = Math.floor(distance / length);
    const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return elapsed < 0 ? `in ${text}` : `${text} ago`;
  }
  return "just now";
}

/** Bytes as `pg_size_pretty` counts them (1 kB = 1024 B), with one decimal where it says something: `1.5 kB`, `512 MB`. */
export function bytesText(bytes: number | bigint): string {
  let value = Number(bytes);
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    // What would be shown decides, so that 1023.96 kB is 1 MB and not 1024 kB.
    if (Math.round(Math.abs(value) * 10) < 10240) return `${Math.round(value * 10) / 10} ${unit}`;
    value /= 1024;
  }
  return `${countText(value)} PB`;
}

/** A whole number with thousands separators: `1,203,344`. Text is taken as the digits of a bigint. */
export function countText(count: number | bigint | string): string {
  const digits = typeof count === "number" ? String(Math.round(count)) : String(count);
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count and its noun: `1 segment`, `3 segments`. */
export function countOf(count: number | bigint | string, noun: string): string {
  return `${countText(count)} ${noun}${String(count) === "1" ? "" : "s"}`;
}

/** How long something took: `1.5 s`, `2 min 5 s`, `3 h 20 min`. */
export function spanText(milliseconds: number): string {
  const seconds = milliseconds / second;
  // What would be shown decides, so that 59.96 s is 1 min and not 60 s.
  if (Math.round(seconds * 10) < 600) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pairText(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(whole / 60);
  return pairText(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function pairText(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${countText(large)} ${largeUnit}${small === 0 ? "" : ` ${small} ${smallUnit}`}`;
}
