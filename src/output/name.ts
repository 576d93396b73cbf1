import { formatTableName } from "../core/name.ts";
import { escapeControls } from "../core/safe.ts";

/** A table's name as it pastes back into a command: `public.users`, `"Odd.Name"."Users"`; harmless to a terminal. */
export function tableLabel(schema: string, table: string): string {
  return escapeControls(formatTableName({ schema, table }));
}
