/** Text as an SQL literal, for statements that are shown before they are run and so carry no parameters. */
export function literal(value: string | number | boolean | null): string {
  if (value === null) return "null";
  if (typeof value !== "string") return String(value);
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A list as an SQL array of the given element type. */
export function arrayLiteralOf(values: readonly (string | number)[], type: string): string {
  return values.length === 0 ? `'{}'::${type}[]` : `array[${values.map(literal).join(", ")}]::${type}[]`;
}
