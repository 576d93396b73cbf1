import type { Change } from "../../src/types.ts";

/** An update of public.users 7 in which nothing is told but what the test gives. */
export function aChange(change: Partial<Change> = {}): Change {
  return {
    id: "10",
    tx: "812",
    at: "2026-11-22T10:00:00.123456+00:00",
    schema: "public",
    table: "users",
    op: "update",
    key: "7",
    oldKey: null,
    old: null,
    new: null,
    actor: null,
    dbUser: "shop",
    role: null,
    application: null,
    clientAddr: null,
    context: null,
    ...change,
  };
}
