import { describe, expect, it } from "vitest";
import { createStyle } from "../../src/output/style.ts";
import {
  type TransactionTextOptions,
  transactionJson,
  transactionRow,
  transactionText,
} from "../../src/output/transaction.ts";
import type { Origin, TransactionSummary } from "../../src/types.ts";

const origin: Origin = {
  actor: "ana",
  dbUser: "shop",
  role: null,
  application: "psql",
  clientAddr: "10.0.0.1",
  context: { reason: "ticket 4711: moved", request_id: "r1" },
};

const users = { schema: "public", table: "users", insert: 0, update: 2, delete: 0, truncate: 0 };

function aTransaction(summary: Partial<TransactionSummary> = {}): TransactionSummary {
  return {
    tx: "812",
    era: 1,
    began: "2026-11-22T10:00:00.000000+00:00",
    firstId: "5",
    lastId: "9",
    firstAt: "2026-11-22T10:00:00.100000+00:00",
    lastAt: "2026-11-22T10:00:00.123456+00:00",
    changes: 2,
    tables: [users],
    origins: [{ ...origin, changes: 2 }],
    originCount: 1,
    ...summary,
  };
}

const options: TransactionTextOptions = {
  now: new Date("2026-11-22T12:00:00Z"),
  zone: "Europe/Berlin",
  style: createStyle(false),
  width: 120,
};

describe("transactionText", () => {
  it("says when, which, who, why, and what it did to each table", () => {
    const large = { schema: "Odd", table: "a.b\x1b", insert: 1_203_344, update: 1, delete: 2, truncate: 1 };
    expect(transactionText(aTransaction({ tables: [users, large] }), options)).toMatchInlineSnapshot(`
      "2026-11-22 11:00:00.123456+01:00 (1 hour ago)      tx 812  ana (shop)  "ticket 4711: moved"
        public.users     2 updates
        "Odd"."a.b\\x1b"  1,203,344 inserts, 1 update, 2 deletes, 1 truncate
        request_id: r1  via psql from 10.0.0.1
      "
    `);
  });

  it("does so in colour, and gives a long reason a line of its own", () => {
    const narrow = { ...options, style: createStyle(true), width: 60 };
    expect(transactionText(aTransaction(), narrow)).toMatchInlineSnapshot(`
      "2026-11-22 11:00:00 [2m(1 hour ago)[22m      [1mtx 812[22m  ana [2m(shop)[22m
        — ticket 4711: moved
        [36mpublic.users[39m  [33m2 updates[39m
        [2mrequest_id: r1  via psql from 10.0.0.1[22m
      "
    `);
  });

  it("says how long it took from a second on", () => {
    const { began, ...rest } = aTransaction({ lastAt: "2026-11-22T10:02:05.5+00:00" });
    expect(transactionText({ ...rest, began }, options)).toContain("  took 2 min 6 s  ");
    expect(transactionText({ ...rest, began: null }, options)).toContain("  took 2 min 5 s  ");
    expect(transactionText(aTransaction(), options)).not.toContain("took");
  });

  it("hides nobody who took part", () => {
    const other = { ...origin, actor: "bob", role: "admin", context: null };
    const differing = aTransaction({
      origins: [
        { ...origin, changes: 3 },
        { ...other, changes: 1 },
      ],
      originCount: 2,
    });
    expect(transactionText(differing, { ...options, width: undefined })).toMatchInlineSnapshot(`
      "2026-11-22 11:00:00.123456+01:00  tx 812  ana (shop) and 1 other
        public.users  2 updates
        by ana (shop): 3 changes
          — ticket 4711: moved
          request_id: r1  via psql from 10.0.0.1
        by bob (shop as admin): 1 change
          via psql from 10.0.0.1
      "
    `);
    const many = transactionText({ ...differing, originCount: 30 }, options);
    expect(many).toContain("  ana (shop) and others\n");
    expect(many).toContain("\n  and 28 others\n");
  });

  it("escapes whatever people wrote, and breaks no line of a terminal", () => {
    const evil = `\x1b[2J${"long ".repeat(100)}\n\u202e`;
    const text = transactionText(
      aTransaction({
        tables: [{ ...users, schema: evil, table: evil }],
        origins: [
          {
            actor: "a\x1b",
            dbUser: "d\n",
            role: "r\x07",
            application: evil,
            clientAddr: null,
            context: { reason: evil, [evil]: { [evil]: evil } },
            changes: 2,
          },
        ],
      }),
      { ...options, width: 80 },
    );
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    // The name of a table is followed by what was done to it.
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(line.includes("update") ? 91 : 80);
  });
});

describe("transactionJson", () => {
  it("has every field, and the first origin's apart", () => {
    expect(transactionJson(aTransaction())).toEqual({
      tx: "812",
      era: 1,
      began: "2026-11-22T10:00:00.000000+00:00",
      first_at: "2026-11-22T10:00:00.100000+00:00",
      last_at: "2026-11-22T10:00:00.123456+00:00",
      first_id: "5",
      last_id: "9",
      actor: "ana",
      db_user: "shop",
      role: null,
      application: "psql",
      client_addr: "10.0.0.1",
      context: origin.context,
      changes: 2,
      tables: [users],
      origins: [
        {
          actor: "ana",
          db_user: "shop",
          role: null,
          application: "psql",
          client_addr: "10.0.0.1",
          context: origin.context,
          changes: 2,
        },
      ],
      origin_count: 1,
    });
  });
});

describe("transactionRow", () => {
  it("is flat", () => {
    expect(transactionRow(aTransaction())).toEqual([
      "2026-11-22T10:00:00.123456+00:00",
      "812",
      "ana",
      "shop",
      "2",
      "public.users: 2 updates",
      "ticket 4711: moved",
    ]);
    const nobody = { ...origin, actor: null, context: null, changes: 1 };
    expect(transactionRow(aTransaction({ origins: [nobody], originCount: 3 }))).toMatchObject({
      2: "- and 2 others",
      6: null,
    });
  });
});
