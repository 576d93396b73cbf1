import { describe, expect, it } from "vitest";
import type { Drift } from "../../src/core/drift.ts";
import { findingsJson, findingsText } from "../../src/output/findings.ts";
import { createStyle } from "../../src/output/style.ts";

const look = { style: createStyle(false), width: undefined };

const trigger: Drift = {
  kind: "trigger-off",
  relation: 7,
  table: "public.users",
  subject: "00_audit_insert_7",
  detail: null,
  sql: ['alter table public.users enable trigger "00_audit_insert_7";'],
};
const rewritten: Drift = {
  kind: "function-changed",
  relation: 7,
  table: "public.users",
  subject: "audit._insert_7()",
  detail: null,
  sql: ["create or replace function audit._insert_7()\nreturns trigger\nlanguage plpgsql\nas 'begin end';"],
};
const roles: Drift = {
  kind: "no-roles",
  relation: null,
  table: null,
  subject: "the roles",
  detail: null,
  sql: [],
};

describe("findingsText", () => {
  it("says so where all is well", () => {
    expect(findingsText([], look)).toBe("All is as it was set up.\n");
  });

  it("shows each finding with the SQL that mends it, long statements by their first line, and counts them", () => {
    expect(findingsText([rewritten, trigger, roles], look)).toMatchInlineSnapshot(`
      "critical  public.users: The function audit._insert_7() is not the one that is made for the table as it is now.
        create or replace function audit._insert_7() …
      critical  public.users: The trigger 00_audit_insert_7 is switched off: changes are being missed.
        alter table public.users enable trigger "00_audit_insert_7";
      note      Trigger functions run with the installer's own rights, for want of the audit roles. Let a superuser run: audit init

      3 findings (2 critical, 1 note). Mend them with: audit sync
      "
    `);
  });

  it("names no mending where there is none", () => {
    expect(findingsText([roles], look)).toMatch(/1 finding \(1 note\)\.\n$/);
  });

  it("keeps control characters of names off the terminal", () => {
    expect(findingsText([{ ...trigger, table: "a\u001b[31m" }], look)).not.toContain("\u001b");
  });
});

describe("findingsJson", () => {
  it("holds kind, severity, table, subject, message and every statement in full", () => {
    expect(JSON.parse(findingsJson([rewritten]))).toEqual({
      version: 1,
      items: [
        {
          kind: "function-changed",
          severity: "critical",
          relation: 7,
          table: "public.users",
          subject: "audit._insert_7()",
          message: "The function audit._insert_7() is not the one that is made for the table as it is now.",
          sql: rewritten.sql,
        },
      ],
    });
  });
});
