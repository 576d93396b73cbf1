import { sqlName } from "./sqlText.ts";

/** A trigger that is switched off for a while. */
export interface SwitchedTrigger {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** Whether it fires in replicas as well. */
  readonly always: boolean;
}

/** The statement that switches one trigger off, or on as it was. */
export function switchStatement({ schema, table, name, always }: SwitchedTrigger, on: boolean): string {
  const verb = on ? (always ? "enable always" : "enable") : "disable";
  return `alter table ${sqlName(schema)}.${sqlName(table)} ${verb} trigger ${sqlName(name)};`;
}
