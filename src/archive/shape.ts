/** What a JSON document of the archive holds is not what it should be; the message is a clause. */
export class Malformed extends Error {}

export function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Malformed(`${name} is no object: ${shown(value)}`);
}

export function asArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Malformed(`${name} is no list: ${shown(value)}`);
}

export function asText(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new Malformed(`${name} is no text: ${shown(value)}`);
}

export function asNullableText(value: unknown, name: string): string | null {
  return value === null ? null : asText(value, name);
}

/** A whole number from 0 on. */
export function asCount(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Malformed(`${name} is no whole number: ${shown(value)}`);
}

export function asBoolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw new Malformed(`${name} is neither true nor false: ${shown(value)}`);
}

function shown(value: unknown): string {
  if (value === undefined) return "it is missing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
