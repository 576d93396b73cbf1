import { describe, expect, it } from "vitest";
import type { ColumnBlame } from "../../src/core/blame.ts";
import { type BlameLook, blameCells, blameColumns, blameJson } from "../../src/output/blame.ts";
import { streamTable } from "../../src/output/stream.ts";
import { createStyle } from "../../src/output/style.ts";
import type { Change } from "../../src/types.ts";

const change: Change = {
  id: "31",
  tx: "812",
  at: "2026-11-22T10:00:00.123456+00:00",
  schema: "public",
  table: "users",
  op: "update",
  key: "7",
  oldKey: null,
  old: null,
  new: null,
  actor: "app:7",
  dbUser: "shop",
  role: null,
  application: null,
  clientAddr: null,
  context: { reason: "ticket\n1" },
};

function aBlame(blame: Partial<ColumnBlame> = {}): ColumnBlame {
  const none = { value: undefined, previous: undefined, change: undefined, at: undefined, note: undefined };
  return { ...none, column: "email", status: "change", ...blame };
}

const blames: readonly ColumnBlame[] = [
  aBlame({ value: "a@x\x1b[31m", previous: null, change }),
  aBlame({
    column: "id",
    status: "insert",
    value: "7",
    change: { ...change, actor: null, role: "billing", context: null },
  }),
  aBlame({ column: "pin", value: { redacted: true }, change }),
  aBlame({ column: "old", status: "before_coverage", value: "", at: change.at }),
  aBlame({ column: "odd\nname", status: "before_coverage", value: null }),
  aBlame({ column: "new", status: "added", value: "d", at: change.at }),
  aBlame({ column: "hidden", status: "excluded" }),
  aBlame({ column: "sum", status: "generated" }),
  aBlame({ column: "gap", status: "unrecorded", value: "x", previous: "w" }),
  aBlame({ column: "evil", status: "around", value: "x", previous: "w", note: "Look." }),
];

async function tableOf(look: BlameLook): Promise<string> {
  let text = "";
  const rows = blames.map((blame) => blameCells(blame, look));
  for await (const chunk of streamTable(blameColumns, [rows], look)) text += chunk;
  return text;
}

const look = { style: createStyle(false), now: new Date("2026-11-22T12:00:00Z"), zone: "Europe/Berlin" };

describe("blameCells", () => {
  it("gives every instant in full", async () => {
    expect(await tableOf({ ...look, width: undefined })).toMatchInlineSnapshot(`
      "column     value        set by                       when                                      tx  before  reason
      email      a@x\\x1b[31m  app:7 (shop)                 2026-11-22 11:00:00.123456+01:00         812  null    ticket\\n1
      id         7            shop as billing              2026-11-22 11:00:00.123456+01:00         812  -
      pin        [redacted]   app:7 (shop)                 2026-11-22 11:00:00.123456+01:00         812  ?       ticket\\n1
      old                     (before auditing began)      before 2026-11-22 11:00:00.123456+01:00    -  -
      odd\\nname  null         (before auditing began)      -                                          -  -
      new        d            (added by DDL)               2026-11-22 11:00:00.123456+01:00           -  -
      hidden     ?            (not recorded)               -                                          -  -
      sum        ?            (computed, never stored)     -                                          -  -
      gap        x            (while it was not recorded)  -                                          -  w
      evil       x            (around the audit)           -                                          -  w
      "
    `);
  });

  it("says on a terminal how long ago it was", async () => {
    expect(await tableOf({ ...look, width: 120 })).toMatchInlineSnapshot(`
      "column     value        set by                       when                                      tx  before  reason
      email      a@x\\x1b[31m  app:7 (shop)                 2026-11-22 11:00:00 (1 hour ago)         812  null    ticket\\n1
      id         7            shop as billing              2026-11-22 11:00:00 (1 hour ago)         812  -
      pin        [redacted]   app:7 (shop)                 2026-11-22 11:00:00 (1 hour ago)         812  ?       ticket\\n1
      old                     (before auditing began)      before 2026-11-22 11:00:00 (1 hour ago)    -  -
      odd\\nname  null         (before auditing began)      -                                          -  -
      new        d            (added by DDL)               2026-11-22 11:00:00 (1 hour ago)           -  -
      hidden     ?            (not recorded)               -                                          -  -
      sum        ?            (computed, never stored)     -                                          -  -
      gap        x            (while it was not recorded)  -                                          -  w
      evil       x            (around the audit)           -                                          -  w
      "
    `);
  });
});

describe("blameJson", () => {
  it("leaves out what is not known", () => {
    expect(
      blames
        .map(blameJson)
        .map((item) => JSON.stringify(item))
        .join("\n"),
    ).toMatchInlineSnapshot(`
      "{"column":"email","status":"change","value":"a@x\\u001b[31m","previous":null,"set_at":"2026-11-22T10:00:00.123456+00:00","tx":"812","change":"31","actor":"app:7","db_user":"shop","role":null,"context":{"reason":"ticket\\n1"}}
      {"column":"id","status":"insert","value":"7","set_at":"2026-11-22T10:00:00.123456+00:00","tx":"812","change":"31","actor":null,"db_user":"shop","role":"billing","context":null}
      {"column":"pin","status":"change","value":{"redacted":true},"set_at":"2026-11-22T10:00:00.123456+00:00","tx":"812","change":"31","actor":"app:7","db_user":"shop","role":null,"context":{"reason":"ticket\\n1"}}
      {"column":"old","status":"before_coverage","value":"","set_at":null,"before":"2026-11-22T10:00:00.123456+00:00","tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"odd\\nname","status":"before_coverage","value":null,"set_at":null,"before":null,"tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"new","status":"added","value":"d","set_at":"2026-11-22T10:00:00.123456+00:00","tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"hidden","status":"excluded","set_at":null,"tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"sum","status":"generated","set_at":null,"tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"gap","status":"unrecorded","value":"x","previous":"w","set_at":null,"tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null}
      {"column":"evil","status":"around","value":"x","previous":"w","set_at":null,"tx":null,"change":null,"actor":null,"db_user":null,"role":null,"context":null,"note":"Look."}"
    `);
  });
});
