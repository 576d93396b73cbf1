/** An element of an array as PostgreSQL writes it: text, null, or a nested array. */
export type ArrayElement = string | null | readonly ArrayElement[];

/**
 * Reads the text of an array such as `{1,NULL,"a b"}` with `,` between its elements, nested ones included.
 * Lower bounds (`[0:1]={…}`) are dropped: read the text itself where they matter.
 */
export function parseArray(text: string): ArrayElement[] {
  let at = text.indexOf("{");
  const array = readArray();
  return array;

  function readArray(): ArrayElement[] {
    const elements: ArrayElement[] = [];
    at++;
    while (at < text.length && text[at] !== "}") {
      if (text[at] === ",") at++;
      else elements.push(text[at] === "{" ? readArray() : text[at] === '"' ? readQuoted() : readBare());
    }
    at++;
    return elements;
  }

  function readQuoted(): string {
    let value = "";
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      value += text[at];
    }
    at++;
    return value;
  }

  function readBare(): string | null {
    const start = at;
    while (at < text.length && text[at] !== "," && text[at] !== "}") at++;
    const value = text.slice(start, at);
    return value === "NULL" ? null : value;
  }
}

/** Values that can stand in an array parameter. */
export type ArrayParameterElement =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Date
  | readonly ArrayParameterElement[];

/**
 * The text PostgreSQL reads as an array, every element quoted. For arrays of types the driver does not know
 * (an enum, a domain): `${arrayLiteral(values)}::app.mood[]`.
 */
export function arrayLiteral(values: readonly ArrayParameterElement[]): string {
  const elements = values.map((value) => {
    if (value === null) return "NULL";
    if (isArray(value)) return arrayLiteral(value);
    return `"${scalarText(value).replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: ArrayParameterElement): value is readonly ArrayParameterElement[] {
  return Array.isArray(value);
}

/** One value as the text a parameter is sent as. */
export function scalarText(value: string | number | bigint | boolean | Uint8Array | Date): string {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
