const ISO =
  /^(\d{4,6})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?:Z|([+-])(\d{2})(?::?(\d{2}))?(?::(\d{2}))?)$/;

const MICROSECONDS_PER_SECOND = 1_000_000n;

/**
 * The instant as microseconds since 1970-01-01 UTC, exact: a Date would lose three digits. Takes what the
 * server prints (T or space, up to six fraction digits) and insists on an offset. Anything else is a bug of
 * the caller, not of the user: RangeError.
 */
export function toMicroseconds(iso: string): bigint {
  const match = ISO.exec(iso);
  if (match === null) throw new RangeError(`not an instant with offset: ${iso}`);
  const [, year, month, day, hour, minute, second, fraction = "", sign, ...offset] = match;
  const utc = new Date(0);
  utc.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  utc.setUTCHours(Number(hour), Number(minute), Number(second));
  const [hours, minutes, seconds] = offset.map((part) => Number(part ?? 0));
  const east = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  const epoch = BigInt(utc.getTime() / 1000 - (sign === "-" ? -east : east));
  return epoch * MICROSECONDS_PER_SECOND + BigInt(fraction.padEnd(6, "0"));
}

/** The same instant in UTC, as 2026-11-22T10:00:00.123456+00:00. Inverse of toMicroseconds. */
export function fromMicroseconds(microseconds: bigint): string {
  const rest = ((microseconds % MICROSECONDS_PER_SECOND) + MICROSECONDS_PER_SECOND) % MICROSECONDS_PER_SECOND;
  const seconds = Number((microseconds - rest) / MICROSECONDS_PER_SECOND);
  const whole = new Date(seconds * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/^\+0*/, "");
  return `${whole}.${String(rest).padStart(6, "0")}+00:00`;
}
