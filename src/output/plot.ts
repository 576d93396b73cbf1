import { displayWidth, safeText } from "../core/safe.ts";
import type { Point } from "../core/series.ts";
import { localTime } from "./instant.ts";
import type { Style } from "./style.ts";

export interface PlotOptions {
  readonly title: string;
  /** Cells of a line. */
  readonly width: number;
  /** Where the drawing ends; the last value holds until then. */
  readonly until: Date;
  readonly zone: string;
  /** Whether braille may be drawn; ASCII otherwise. */
  readonly unicode: boolean;
  readonly style: Style;
}

/** Lines of the drawing itself. */
const height = 10;

/** What the drawing keeps however long the labels are: two days below it. */
const narrowest = 21;

/** How many dots a cell has. */
const braille = { across: 2, down: 4 };
const ascii = { across: 1, down: 1 };

/** The dots of a braille cell by row and column, as bits. */
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** From the lowest to the highest value that one column of dots shows, in dots from the bottom; undefined in a gap. */
type Bar = { readonly low: number; readonly high: number } | undefined;

/**
 * A value over time as a drawing of steps, since a value holds until the next change: the greatest, least and last
 * value at the left, first and last instant below. What is no finite number is a gap.
 */
export function plotText(points: readonly Point[], options: PlotOptions): string {
  const { title, width, zone, unicode, style } = options;
  const numbers = points.map(({ at, value }) => ({
    at: new Date(at).getTime(),
    value: numberOf(value),
    text: value,
  }));
  const values = numbers.filter(({ value }) => value !== undefined);
  const [first] = numbers;
  const [some] = values;
  if (!first || !some) return "";
  const least = values.reduce((one, other) => ((other.value ?? 0) < (one.value ?? 0) ? other : one), some);
  const greatest = values.reduce((one, other) => ((other.value ?? 0) > (one.value ?? 0) ? other : one), some);
  const last = numbers.at(-1);

  const cell = unicode ? braille : ascii;
  const rows = height * cell.down;
  const span = (greatest.value ?? 0) - (least.value ?? 0);
  // Halves, since the difference of two finite numbers may be none.
  const dotOf = (value: number) =>
    span === 0 ? 0 : Math.round(((value / 2 - (least.value ?? 0) / 2) / (span / 2)) * (rows - 1));
  const lineOf = (value: number) => height - 1 - Math.floor(dotOf(value) / cell.down);

  const labels = new Map<number, string>();
  if (last?.value !== undefined) labels.set(lineOf(last.value), last.text ?? "");
  labels.set(lineOf(least.value ?? 0), least.text ?? "");
  labels.set(lineOf(greatest.value ?? 0), greatest.text ?? "");
  const labelRoom = Math.max(1, width - narrowest - 2);
  const shown = new Map([...labels].map(([line, text]) => [line, safeText(text, labelRoom)]));
  const labelWidth = Math.max(...[...shown.values()].map((text) => displayWidth(text)));
  const across = Math.max(narrowest, width - labelWidth - 2);

  const from = first.at;
  const until = Math.max(options.until.getTime(), numbers.at(-1)?.at ?? from);
  const bars = barsOf(numbers, { from, until, count: across * cell.across, dotOf });
  const drawn = unicode ? brailleLines(bars) : asciiLines(bars);
  const axis = unicode ? "┤" : "|";
  const lines = drawn.map((line, index) => {
    const label = shown.get(index) ?? "";
    const padding = " ".repeat(labelWidth - displayWidth(label));
    return `${padding}${label} ${style.dim(axis)}${style.cyan(line)}`.trimEnd();
  });
  const summary = `least ${safeText(least.text ?? "")}, greatest ${safeText(greatest.text ?? "")}, last ${safeText(last?.text ?? "null")}`;
  return [
    safeText(title, width),
    safeText(summary, width),
    ...lines,
    " ".repeat(labelWidth + 2) +
      timeLine(new Date(from).toISOString(), new Date(until).toISOString(), zone, across),
    "",
  ].join("\n");
}

function numberOf(value: string | null): number | undefined {
  const number = value === null || value.trim() === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function barsOf(
  steps: readonly { readonly at: number; readonly value: number | undefined }[],
  scale: { from: number; until: number; count: number; dotOf: (value: number) => number },
): Bar[] {
  const { from, until, count, dotOf } = scale;
  const width = Math.max(until - from, 1) / count;
  let next = 0;
  let current: number | undefined;
  return Array.from({ length: count }, (_, column) => {
    let bar: Bar = current === undefined ? undefined : { low: current, high: current };
    const end = column === count - 1 ? Number.POSITIVE_INFINITY : from + (column + 1) * width;
    for (let step = steps[next]; step && step.at < end; step = steps[++next]) {
      current = step.value === undefined ? undefined : dotOf(step.value);
      if (current === undefined) continue;
      bar = { low: Math.min(current, bar?.low ?? current), high: Math.max(current, bar?.high ?? current) };
    }
    return bar;
  });
}

function brailleLines(bars: readonly Bar[]): string[] {
  const { across, down } = braille;
  return Array.from({ length: height }, (_, line) => {
    let text = "";
    for (let column = 0; column < bars.length; column += across) {
      let bits = 0;
      for (let side = 0; side < across; side++) {
        for (let row = 0; row < down; row++) {
          const dot = (height - line) * down - 1 - row;
          const bar = bars[column + side];
          if (bar && bar.low <= dot && dot <= bar.high) bits |= dotBits[row]?.[side] ?? 0;
        }
      }
      text += bits === 0 ? " " : String.fromCharCode(0x2800 + bits);
    }
    return text;
  });
}

function asciiLines(bars: readonly Bar[]): string[] {
  return Array.from({ length: height }, (_, line) => {
    const dot = height - 1 - line;
    return bars
      .map((bar) => {
        if (!bar || dot < bar.low || dot > bar.high) return " ";
        if (bar.low === bar.high) return "-";
        return dot === bar.low || dot === bar.high ? "+" : "|";
      })
      .join("");
  });
}

/** First and last instant at both ends; where there is no room for all of it, what tells the two apart. */
function timeLine(from: string, until: string, zone: string, width: number): string {
  const [start, end] = [localTime(from, zone), localTime(until, zone)];
  const full = [start, end].map(({ date, time }) => `${date} ${time}`);
  const short = start.date === end.date ? [start.time, end.time] : [start.date, end.date];
  const [left = "", right = ""] = full.join("  ").length <= width ? full : short;
  return `${left}${" ".repeat(Math.max(1, width - left.length - right.length))}${right}`;
}
