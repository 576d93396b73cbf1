import { describe, expect, it } from "vitest";
import { type Drift, driftKinds, driftMessage, inOrder, severityOf } from "../../src/core/drift.ts";

function aDrift(drift: Partial<Drift> = {}): Drift {
  return {
    kind: "trigger-off",
    relation: 7,
    table: "public.users",
    subject: "SUBJECT",
    detail: "DETAIL",
    sql: [],
    ...drift,
  };
}

describe("driftMessage", () => {
  it.each(driftKinds)("tells %s in whole sentences, and no two kinds alike", (kind) => {
    const message = driftMessage(aDrift({ kind }));
    expect(message).toMatch(/^[A-Z].*[.a-z]$/);
    expect(driftKinds.filter((other) => driftMessage(aDrift({ kind: other })) === message)).toEqual([kind]);
    expect(message).not.toMatch(/undefined|null/);
  });

  it("says where, what was found, and what follows", () => {
    expect(driftMessage(aDrift({ subject: "00_audit_insert_7" }))).toBe(
      "The trigger 00_audit_insert_7 is switched off: changes are being missed.",
    );
    expect(
      driftMessage(aDrift({ kind: "function-owner", subject: "audit._insert_7()", detail: "postgres" })),
    ).toBe("The function audit._insert_7() belongs to postgres, with whose rights it now runs.");
    expect(driftMessage(aDrift({ kind: "table-gone", detail: null }))).toBe(
      "The table is gone from the catalog, or under another oid.",
    );
  });
});

describe("severityOf", () => {
  it("calls notes what costs no change and no evidence", () => {
    expect(driftKinds.filter((kind) => severityOf(kind) === "note")).toEqual([
      "functions-left",
      "no-roles",
      "no-event-triggers",
    ]);
  });

  it("calls critical whatever lets changes be missed", () => {
    for (const kind of ["trigger-missing", "trigger-off", "trigger-replaced", "segment-lost"] as const)
      expect(severityOf(kind)).toBe("critical");
  });
});

describe("inOrder", () => {
  it("puts the installation first, then what a table has become, functions before the triggers that call them", () => {
    const drifts = (
      [
        "trigger-missing",
        "no-roles",
        "function-missing",
        "table-changed",
        "guard-off",
        "version-older",
      ] as const
    ).map((kind) => aDrift({ kind }));
    expect(inOrder(drifts).map(({ kind }) => kind)).toEqual([
      "version-older",
      "guard-off",
      "table-changed",
      "function-missing",
      "trigger-missing",
      "no-roles",
    ]);
  });

  it("goes by table and subject within a kind", () => {
    const drifts = [
      aDrift({ table: "b.t", subject: "1" }),
      aDrift({ table: "a.t", subject: "2" }),
      aDrift({ table: "a.t", subject: "1" }),
    ];
    expect(inOrder(drifts).map(({ table, subject }) => `${table} ${subject}`)).toEqual([
      "a.t 1",
      "a.t 2",
      "b.t 1",
    ]);
  });
});
