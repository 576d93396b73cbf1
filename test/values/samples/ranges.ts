import type { Samples } from "./sample.ts";

function rangesOf(low: string, high: string): readonly string[] {
  return [
    "empty",
    "(,)",
    `[${low},${high})`,
    `(,${high})`,
    `[${low},)`,
    `(${low},${high}]`,
    `[${low},${low}]`,
  ];
}

function multirangesOf(low: string, high: string, higher: string): readonly string[] {
  return ["{}", "{(,)}", `{[${low},${high})}`, `{(,${low}),[${high},)}`, `{[${low},${high}),(${higher},)}`];
}

const bounds: Readonly<Record<string, readonly [string, string, string]>> = {
  int4: ["-2147483648", "10", "2147483646"],
  int8: ["-9223372036854775808", "10", "9223372036854775806"],
  num: ["1.0", "2.00", "2.5"],
  ts: ['"4714-11-24 00:00:00 BC"', '"2026-03-29 02:30:00.1"', "infinity"],
  tstz: ['"2026-03-29 01:30:00+00"', '"2026-10-25 02:30:00.000001+02"', "infinity"],
  date: ['"4714-11-24 BC"', "2026-03-29", "2027-01-01"],
};

/** Ranges and multiranges: empty, unbounded, half open, closed. */
export const ranges: Samples = Object.fromEntries(
  Object.entries(bounds).flatMap(([kind, [low, high, higher]]) => [
    [`${kind}range`, rangesOf(low, high)],
    [`${kind}multirange`, multirangesOf(low, high, higher)],
  ]),
);
