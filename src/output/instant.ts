import { escapeControls } from "../core/safe.ts";
import type { Instant } from "../types.ts";

/** The echo of a resolved instant, for stderr: `as of 2026-11-22 10:00:00.123456+01:00 (Europe/Berlin), approx`. */
export function instantLine(instant: Instant): string {
  const at = escapeControls(instant.at).replace("T", " ");
  return `as of ${at} (${escapeControls(instant.zone)}), ${instant.precision}\n`;
}

/** The same as data, for the `at`, `from` or `to` of a JSON document. */
export function instantJson(instant: Instant): Instant {
  const { typed, at, zone, precision } = instant;
  return { typed, at, zone, precision };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** No zone changes its offset within a quarter of an hour that starts at a round one. */
const quarter = 15 * 60 * 1000;

let lastOffset = { zone: "", quarter: 0, text: "" };

/** The zone's offset at a moment, such as `+01:00`; UTC's for a zone only the server knows (POSIX forms). Asking Intl is slow, and neighbours in a timeline share the answer. */
function offsetAt(zone: string, moment: number): string {
  const block = Math.floor(moment / quarter);
  if (lastOffset.zone !== zone || lastOffset.quarter !== block) {
    let format = formats.get(zone);
    if (!format) {
      format = offsetFormat(zone);
      formats.set(zone, format);
    }
    const name = format.formatToParts(moment).find(({ type }) => type === "timeZoneName")?.value ?? "";
    lastOffset = { zone, quarter: block, text: name.replace("GMT", "") || "+00:00" };
  }
  return lastOffset.text;
}

function offsetFormat(zone: string): Intl.DateTimeFormat {
  const format = (timeZone: string) =>
    new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  try {
    return format(zone);
  } catch (error) {
    if (error instanceof RangeError) return format("UTC");
    throw error;
  }
}

/** The milliseconds an offset text stands for; those of long ago have seconds. */
function offsetLength(offset: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(":").map(Number);
  return (offset.startsWith("-") ? -1000 : 1000) * (hours * 3600 + minutes * 60 + seconds);
}

/** An instant in the parts a reader wants apart: they join to `2026-11-22 10:00:00.123456+01:00`, which pastes back. */
export interface LocalTime {
  readonly date: string;
  /** Hours, minutes, seconds. */
  readonly time: string;
  /** Fraction of the second and offset. */
  readonly rest: string;
}

/** An ISO 8601 instant in the given zone, no digit of its fraction lost. */
export function localTime(at: string, zone: string): LocalTime {
  const moment = new Date(at).getTime();
  if (Number.isNaN(moment)) return { date: escapeControls(at), time: "", rest: "" };
  const offset = offsetAt(zone, moment);
  const [date = "", clock = ""] = new Date(moment + offsetLength(offset)).toISOString().split("T");
  return { date, time: clock.slice(0, 8), rest: `${/\.\d+/.exec(at)?.[0] ?? ""}${offset}` };
}

/** An instant for a table's cell: the day on a terminal, in full elsewhere, `-` for none. */
export function timeText(at: string | null, zone: string, width: number | undefined): string {
  if (at === null) return "-";
  const { date, time, rest } = localTime(at, zone);
  return width === undefined ? `${date} ${time}${rest}`.trim() : date;
}
