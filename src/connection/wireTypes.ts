import {
  type ArrayElement,
  type ArrayParameterElement,
  arrayLiteral,
  parseArray,
  scalarText,
} from "./arrays.ts";

/** How one group of types travels, in the shape the driver's `types` option takes. */
export interface WireType {
  readonly to: number;
  readonly from: number[];
  readonly serialize: (value: unknown) => string;
  readonly parse: (text: string) => unknown;
}

/** Element type → array type, for the types that arrays of may be sent as parameters. */
export const arrayTypes: Readonly<Record<number, number>> = {
  16: 1000, // bool
  17: 1001, // bytea
  18: 1002, // "char"
  19: 1003, // name
  20: 1016, // int8
  21: 1005, // int2
  23: 1007, // int4
  25: 1009, // text
  26: 1028, // oid
  27: 1010, // tid
  28: 1011, // xid
  114: 199, // json
  700: 1021, // float4
  701: 1022, // float8
  869: 1041, // inet
  1042: 1014, // bpchar
  1043: 1015, // varchar
  1082: 1182, // date
  1083: 1183, // time
  1114: 1115, // timestamp
  1184: 1185, // timestamptz
  1186: 1187, // interval
  1266: 1270, // timetz
  1700: 1231, // numeric
  2205: 2210, // regclass
  2950: 2951, // uuid
  3802: 3807, // jsonb
  5069: 271, // xid8
};

/** Arrays read into JavaScript arrays: what the catalogs answer with. Their elements stay exact. */
const readableArrays: Readonly<Record<number, (element: string) => unknown>> = {
  1000: (element) => element === "t",
  1002: String,
  1003: String,
  1005: Number,
  1007: Number,
  1009: String,
  1015: String,
  1016: String,
  1028: Number,
  2210: String,
};

const writtenArrays = Object.values(arrayTypes);

/**
 * The types as this tool wants them. Times, JSON and bytea stay the server's text: a Date has no
 * microseconds, no infinity and no BC, and JSON.parse spoils large integers and the scale of numerics. A
 * string given for json is taken as JSON text. Arrays that are not listed as readable arrive as text too.
 */
export const wireTypes: Readonly<Record<string, WireType>> = {
  text: {
    to: 1184,
    from: [1082, 1083, 1114, 1184, 1186, 1266, 17],
    serialize: serializeScalar,
    parse: (text) => text,
  },
  json: {
    to: 3802,
    from: [114, 3802],
    serialize: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
    parse: (text) => text,
  },
  // The driver's own turns the string "true" into false.
  boolean: {
    to: 16,
    from: [16],
    serialize: serializeScalar,
    parse: (text) => text === "t",
  },
  ...Object.fromEntries(
    writtenArrays.map((oid): [string, WireType] => {
      const read = readableArrays[oid];
      return [
        `array${oid}`,
        {
          to: oid,
          from: [oid],
          serialize: (value) =>
            Array.isArray(value) ? arrayLiteral(value as ArrayParameterElement[]) : String(value),
          parse: read ? (text) => mapElements(parseArray(text), read) : (text) => text,
        },
      ];
    }),
  ),
};

function serializeScalar(value: unknown): string {
  return scalarText(value as Parameters<typeof scalarText>[0]);
}

function mapElements(elements: readonly ArrayElement[], read: (element: string) => unknown): unknown[] {
  return elements.map((element) =>
    element === null ? null : typeof element === "string" ? read(element) : mapElements(element, read),
  );
}
