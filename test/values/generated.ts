import fc from "fast-check";
import { arrayElement } from "./columns.ts";

/** Texts of a type, made by chance. */
export type Generated = fc.Arbitrary<string>;

const pad = (n: number, width: number) => String(n).padStart(width, "0");
const micros = fc.integer({ min: 0, max: 999_999 }).map((n) => pad(n, 6));
const day = fc
  .tuple(fc.integer({ min: 1, max: 4713 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, date]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(date, 2)}`);
const clock = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    micros,
  )
  .map(
    ([hours, minutes, seconds, fraction]) =>
      `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${fraction}`,
  );
const offset = fc
  .tuple(fc.constantFrom("+", "-"), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 59 }))
  .map(([sign, hours, minutes]) => `${sign}${pad(hours, 2)}:${pad(minutes, 2)}`);
const era = fc.constantFrom("", "", " BC");

const double = fc.double().map((n) => (Object.is(n, -0) ? "-0" : String(n)));
const text = fc.string({ unit: "binary", maxLength: 20 }).map((value) => value.replaceAll("\0", ""));
const bits = fc.array(fc.constantFrom("0", "1"), { maxLength: 40 }).map((list) => list.join(""));
const hex = fc.uint8Array({ maxLength: 30 }).map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`);
const numeric = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.integer({ min: 0, max: 12 }),
    fc.constantFrom("", "0", "000"),
  )
  .map(([digits, exponent, zeros]) => `${digits}.${pad(exponent, 2)}${zeros}`);
const integer = (min: bigint, max: bigint) => fc.bigInt({ min, max }).map(String);
const point = fc.tuple(double, double).map(([x, y]) => `(${x},${y})`);
const json = fc
  .tuple(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(0, 1, 3))
  .map(([value, indent]) => JSON.stringify(value, null, indent));
const interval = fc
  .tuple(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    micros,
  )
  .map(
    ([months, days, hours, fraction]) =>
      `${months} mons ${days} days ${hours} hours ${fraction} microseconds`,
  );

/** A range from two texts that are in order. */
const range = <T>(bound: fc.Arbitrary<T>, inOrder: (one: T, other: T) => boolean) =>
  fc.tuple(bound, bound, fc.constantFrom("[]", "[)", "(]", "()")).map(([one, other, ends]) => {
    const [low, high] = inOrder(one, other) ? [one, other] : [other, one];
    return `${ends[0]}${low},${high}${ends[1]}`;
  });
const before = (one: string, other: string) => one <= other;

/** What can be made by chance; the other types are drawn from their samples alone. */
export const generated: Readonly<Record<string, Generated>> = {
  smallint: integer(-32768n, 32767n),
  integer: integer(-(2n ** 31n), 2n ** 31n - 1n),
  bigint: integer(-(2n ** 63n), 2n ** 63n - 1n),
  numeric,
  real: fc.float().map((n) => (Object.is(n, -0) ? "-0" : String(n))),
  "double precision": double,
  money: integer(-(2n ** 56n), 2n ** 56n).map((digits) => `${digits}.07`),
  date: fc.tuple(day, era).map((parts) => parts.join("")),
  "timestamp without time zone": fc.tuple(day, clock, era).map(([date, time, bc]) => `${date} ${time}${bc}`),
  "timestamp with time zone": fc
    .tuple(day, clock, offset, era)
    .map(([date, time, zone, bc]) => `${date} ${time}${zone}${bc}`),
  "time without time zone": clock,
  "time with time zone": fc.tuple(clock, offset).map((parts) => parts.join("")),
  interval,
  text,
  "character varying": text,
  bpchar: text,
  bytea: hex,
  uuid: fc.uuid(),
  "bit varying": bits,
  '"bit"': bits,
  point,
  box: fc.tuple(point, point).map((corners) => corners.join()),
  lseg: fc.tuple(point, point).map((ends) => `[${ends.join()}]`),
  polygon: fc.array(point, { minLength: 1, maxLength: 4 }).map((points) => `(${points.join()})`),
  path: fc.array(point, { minLength: 1, maxLength: 4 }).map((points) => `[${points.join()}]`),
  circle: fc
    .tuple(point, fc.double({ min: 0, noNaN: true }))
    .map(([centre, radius]) => `<${centre},${radius}>`),
  inet: fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map((parts) => parts.join("/")),
  macaddr: fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  macaddr8: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  json,
  // jsonb takes no NUL, nor half of a pair of surrogates. An escaped backslash before a u is neither.
  jsonb: json.map((document) =>
    document.replaceAll(/\\(u(?:0000|d[89a-f]..)|.)/g, (escaped, what) => (what.length > 1 ? "?" : escaped)),
  ),
  oid: integer(0n, 2n ** 32n - 1n),
  xid: integer(0n, 2n ** 32n - 1n),
  xid8: integer(0n, 2n ** 64n - 1n),
  int4range: range(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 }), (one, other) => one <= other),
  numrange: range(fc.integer(), (one, other) => one <= other).map((made) => made.replace(",", ".0,")),
  daterange: range(day, before),
  tsrange: range(day, before),
};

/** Arrays of up to two dimensions of a type's texts, with NULLs and lower bounds. */
export function generatedArray(type: string, element: Generated): Generated {
  const comma = type === "box" ? ";" : ",";
  return fc
    .tuple(
      fc.array(fc.option(element), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(0, 0, 1, 2),
      fc.integer({ min: -3, max: 3 }),
    )
    .map(([members, dimensions, low]) => {
      const list = `{${members.map(arrayElement).join(comma)}}`;
      if (dimensions === 0) return list;
      const bounds = `[${low}:${low + members.length - 1}]`;
      return dimensions === 1 ? `${bounds}=${list}` : `[7:7]${bounds}={${list}}`;
    });
}
