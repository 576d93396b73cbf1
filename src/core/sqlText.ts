import { quoteIdentifier } from "./name.ts";

/** What a terminal would obey or hide; a text with any of it is written by code points. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufff9-\ufffb]/gu;

/** Text as an SQL literal on one line, the same under every setting, that is harmless to a terminal. */
export function sqlLiteral(value: string | null): string {
  if (value === null) return "null";
  const quoted = value.replaceAll("'", "''");
  const escaped = quoted.replaceAll("\\", "\\\\").replace(unprintable, (character) => {
    if (character === "\n") return "\\n";
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
  return escaped === quoted ? `'${quoted}'` : `E'${escaped}'`;
}

/** A name for SQL, quoted where it has to be, that is harmless to a terminal. */
export function sqlName(name: string): string {
  return name.search(unprintable) < 0 ? quoteIdentifier(name) : escapedName(name.replaceAll('"', '""'));
}

/** A type as the server writes it, with the quoted names in it made harmless to a terminal. */
export function sqlType(type: string): string {
  return type.replace(/"((?:[^"]|"")*)"/g, (quoted, name: string) =>
    name.search(unprintable) < 0 ? quoted : escapedName(name),
  );
}

/** Takes a name whose quotes are doubled. */
function escapedName(name: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replace(unprintable, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\+${code.padStart(6, "0")}` : `\\${code.padStart(4, "0")}`;
  });
  return `U&"${escaped}"`;
}
