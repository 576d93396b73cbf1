import { escapeControls } from "./safe.ts";

/** A table's name as it pastes back into a command: `public.users`, `"Odd.Name"."Users"`. */
export function tableLabel(schema: string, table: string): string {
  return `${nameLabel(schema)}.${nameLabel(table)}`;
}

function nameLabel(name: string): string {
  if (/^[a-z_][a-z0-9_$]*$/.test(name)) return name;
  return `"${escapeControls(name).replaceAll('"', '""')}"`;
}
