import type { Samples } from "./samples/sample.ts";

/** A column of a test table: its type as SQL writes it, and what it will hold, row by row and again from the start. */
export interface ValueColumn {
  readonly name: string;
  readonly type: string;
  readonly texts: readonly string[];
}

/** The types derived from one: an array, a domain, a composite that has it beside an array of it. */
export interface DerivedTypes {
  readonly domain: string;
  readonly composite: string;
  /** SQL that makes both, in the schema "derived". */
  readonly ddl: string;
}

/** Values that stay out of arrays and composites because they are long. */
const longest = 20_000;

/** How values of an array are parted: box is the one type that has its own way. */
function delimiterOf(type: string): string {
  return type === "box" ? ";" : ",";
}

/** One element of an array's text. */
export function arrayElement(text: string | null): string {
  return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** One field of a composite's text. */
export function compositeField(text: string | null): string {
  return text === null ? "" : `"${text.replace(/["\\]/g, "$&$&")}"`;
}

/** Arrays of these values: empty, with NULL, with other lower bounds, of several dimensions. */
export function arraysOf(type: string, texts: readonly string[]): string[] {
  const elements = texts.filter((text) => text.length < longest).map(arrayElement);
  const [one = "NULL"] = elements;
  const two = elements[1] ?? one;
  const comma = delimiterOf(type);
  const list = (...members: readonly string[]) => `{${members.join(comma)}}`;
  return [
    "{}",
    list(...elements, "NULL"),
    list("NULL"),
    list(one),
    `[0:1]=${list(one, two)}`,
    list(list(one, two), list(two, "NULL")),
    `[-3:-3][5:6]=${list(list(two, one))}`,
  ];
}

/** Composites of a value and an array of values, also with nothing in them. */
function compositesOf(type: string, texts: readonly string[]): string[] {
  const short = texts.filter((text) => text.length < longest);
  const arrays = arraysOf(type, short.slice(0, 3));
  return [
    "(,,)",
    ...short.map((text, place) => {
      const array = arrays[place % arrays.length] ?? null;
      return `(${compositeField(text)},${compositeField(array)},${place})`;
    }),
  ];
}

/** Names for the types derived from the `place`th of a group. */
export function derivedTypes(group: string, place: number, type: string): DerivedTypes {
  const domain = `derived.${group}_only_${place}`;
  const composite = `derived.${group}_with_${place}`;
  return {
    domain,
    composite,
    ddl: `create domain ${domain} as ${type}; create type ${composite} as (a ${type}, b ${type}[], c int);`,
  };
}

/** Every type of a group as a plain column, an array, a domain and a composite. */
export function columnsOf(group: string, samples: Samples): { ddl: string; columns: ValueColumn[] } {
  const columns: ValueColumn[] = [];
  const ddl: string[] = [];
  for (const [place, [type, texts]] of Object.entries(samples).entries()) {
    const derived = derivedTypes(group, place, type);
    ddl.push(derived.ddl);
    columns.push(
      { name: type, type, texts },
      { name: `${type} array`, type: `${type}[]`, texts: arraysOf(type, texts) },
      { name: `${type} domain`, type: derived.domain, texts },
      { name: `${type} row`, type: derived.composite, texts: compositesOf(type, texts) },
    );
  }
  return { ddl: ddl.join("\n"), columns };
}
