import { expect, it } from "vitest";
import { tableLabel } from "../../src/output/name.ts";

it.each([
  ["public", "users", "public.users"],
  ["public", "Users", 'public."Users"'],
  ["a.b", 'say "hi"', '"a.b"."say ""hi"""'],
  ["public", "a\nb", 'public."a\\nb"'],
])("shows %j.%j so that it pastes back: %s", (schema, table, label) => {
  expect(tableLabel(schema, table)).toBe(label);
});
