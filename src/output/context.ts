import { displayWidth, safeText } from "../core/safe.ts";
import type { Change } from "../types.ts";
import { columnValue, valueText } from "./value.ts";

/** The reason that a context gives, undefined where it gives none that could be read as a sentence. */
export function reasonOf(context: Change["context"]): string | undefined {
  const reason = columnValue(context, "reason");
  return typeof reason === "string" && reason !== "" ? reason : undefined;
}

/** The facts of a context beside its reason, each as `name: value` and safe to print. */
export function factTexts(context: Change["context"], width?: number): string[] {
  const named = reasonOf(context) !== undefined;
  return Object.entries(context ?? {})
    .filter(([name]) => !(named && name === "reason"))
    .map(([name, value]) => factText(name, value, width));
}

function factText(name: string, value: unknown, width?: number): string {
  const label = `${safeText(name, width === undefined ? undefined : Math.ceil(width / 2))}: `;
  const room = width === undefined ? undefined : Math.max(1, width - displayWidth(label));
  const text = typeof value === "string" ? valueText(value, room) : safeText(JSON.stringify(value), room);
  return label + text;
}
