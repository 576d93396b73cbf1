import { describe, expect, it } from "vitest";
import { type StatusRow, type StatusTextOptions, statusJson, statusText } from "../../src/output/status.ts";
import { createStyle } from "../../src/output/style.ts";

function aRow(row: Partial<StatusRow> = {}): StatusRow {
  return {
    schema: "public",
    table: "users",
    relation: 1,
    since: "2026-10-01T08:00:00.000001+00:00",
    until: null,
    state: "on",
    capture: "generated",
    kind: "statement",
    images: "changes",
    excluded: [],
    redacted: [],
    always: false,
    keyed: true,
    retention: "for ever",
    onTruncate: "capture",
    changes: 1203344,
    bytes: 512 * 1024 ** 2,
    lastChangeAt: "2026-11-22T11:58:00.5+00:00",
    oldestInstant: "2026-10-01T08:00:00.000001+00:00",
    problems: [],
    ...row,
  };
}

const rows: readonly StatusRow[] = [
  aRow(),
  aRow({
    table: "Orders",
    relation: 2,
    state: "broken",
    retention: "2 years",
    capture: "guarded",
    changes: 12n,
    bytes: 8192,
    problems: [
      'Trigger "audit_row" is disabled. Mend it with: audit sync',
      "The functions are older than this tool.",
    ],
  }),
  aRow({
    table: "old_things",
    relation: 3,
    state: "dropped",
    until: "2026-11-01T00:00:00+00:00",
    oldestInstant: "2026-10-15T00:00:00+00:00",
    changes: 0,
    bytes: 0,
    lastChangeAt: null,
    onTruncate: "forbid",
  }),
  aRow({
    table: "notes",
    relation: 4,
    state: "off",
    excluded: ["hair_color", "mood"],
    changes: 5,
    bytes: 100,
  }),
];

const options: StatusTextOptions = {
  now: new Date("2026-11-22T12:00:00Z"),
  zone: "Europe/Berlin",
  style: createStyle(false),
  width: 160,
};

describe("statusText", () => {
  it("shows one line per table, then the problems, then the totals", async () => {
    expect(await statusText(rows, options)).toMatchInlineSnapshot(`
      "table                           state    since          changes    size  last change   retention  notes
      public.users                    on       2026-10-01  ~1,203,344  512 MB  1 minute ago  for ever
      public."Orders"                 broken   2026-10-01         ~12    8 kB  1 minute ago  2 years    guarded
      public.old_things (relation:3)  dropped  2026-10-01          ~0     0 B  -             for ever   until 2026-11-01; reaches back to 2026-10-15; truncate: forbid
      public.notes                    off      2026-10-01          ~5   100 B  1 minute ago  for ever   without hair_color, mood

      public."Orders": Trigger "audit_row" is disabled. Mend it with: audit sync
      public."Orders": The functions are older than this tool.

      4 tables: 1 on, 1 broken, 1 off, 1 dropped; ~1,203,361 changes, 512 MB
      "
    `);
  });

  it("is coloured, and cuts no name or note on a narrow terminal", async () => {
    expect(
      await statusText(rows, { ...options, style: createStyle(true), width: 100 }),
    ).toMatchInlineSnapshot(`
      "[1mtable[22m                           [1mstate[22m    [1msince[22m          [1mchanges[22m    [1msize[22m  [1mlast change[22m   [1mretention[22m
      public.users                    [32mon[39m       2026-10-01  ~1,203,344  512 MB  1 minute ago  for ever
      public."Orders"                 [31mbroken[39m   2026-10-01         ~12    8 kB  1 minute ago  2 years
          guarded
      public.old_things (relation:3)  [2mdropped[22m  2026-10-01          ~0     0 B  -             for ever
          until 2026-11-01; reaches back to 2026-10-15; truncate: forbid
      public.notes                    [2moff[22m      2026-10-01          ~5   100 B  1 minute ago  for ever
          without hair_color, mood

      [31mpublic."Orders"[39m: Trigger "audit_row" is disabled. Mend it with: audit sync
      [31mpublic."Orders"[39m: The functions are older than this tool.

      4 tables: 1 on, 1 broken, 1 off, 1 dropped; ~1,203,361 changes, 512 MB
      "
    `);
  });

  it("tells the retention below the line where a terminal has no room for its column", async () => {
    const some = [
      aRow({ retention: "forever" }),
      aRow({ table: "carts", retention: "short", excluded: ["ip"] }),
    ];
    expect(await statusText(some, { ...options, width: 72 })).toMatchInlineSnapshot(`
      "table         state  since          changes    size  last change
      public.users  on     2026-10-01  ~1,203,344  512 MB  1 minute ago
      public.carts  on     2026-10-01  ~1,203,344  512 MB  1 minute ago
          retention short; without ip

      2 tables: 2 on; ~2,406,688 changes, 1 GB
      "
    `);
  });

  it("has no notes where all is as by default, and full times off a terminal", async () => {
    expect(await statusText([aRow()], { ...options, width: undefined })).toMatchInlineSnapshot(`
      "table         state  since                                changes    size  last change                  retention
      public.users  on     2026-10-01 10:00:00.000001+02:00  ~1,203,344  512 MB  2026-11-22 12:58:00.5+01:00  for ever

      1 table: 1 on; ~1,203,344 changes, 512 MB
      "
    `);
  });

  it("counts many excluded columns on a terminal and names them elsewhere", async () => {
    const many = [aRow({ excluded: ["a", "b", "c", "d"] })];
    expect(await statusText(many, options)).toContain("without 4 columns\n");
    expect(await statusText(many, { ...options, width: undefined })).toContain("without a, b, c, d\n");
  });

  it.each<[Partial<StatusRow>, string]>([
    [{ redacted: ["iban", "phone"] }, "redacted iban, phone"],
    [{ keyed: false }, "no key"],
    [{ images: "full" }, "images: full"],
    [{ images: "lean" }, "images: lean"],
    [{ always: true }, "always"],
    [{ onTruncate: "record" }, "truncate: record"],
    [{ capture: "guarded" }, "guarded"],
    [{ kind: "row" }, ""],
    [
      {
        excluded: ["mood"],
        redacted: ["iban"],
        keyed: false,
        images: "lean",
        always: true,
        onTruncate: "forbid",
        capture: "guarded",
      },
      "without mood; redacted iban; no key; images: lean; always; truncate: forbid; guarded",
    ],
  ])("notes %j", async (row, note) => {
    const line = (await statusText([aRow(row)], { ...options, width: 240 })).split("\n")[1];
    expect(line?.split("for ever")[1]?.trim()).toBe(note);
  });

  it("counts many redacted columns on a terminal and names them elsewhere", async () => {
    const many = [aRow({ redacted: ["a", "b", "c", "d"] })];
    expect(await statusText(many, options)).toContain("redacted 4 columns\n");
    expect(await statusText(many, { ...options, width: undefined })).toContain("redacted a, b, c, d\n");
  });

  it("names the next step when no table is audited", async () => {
    expect(await statusText([], options)).toBe("No table is audited yet. Start with: audit enable <table>\n");
  });
});

describe("statusJson", () => {
  it("has every field under its documented name", () => {
    expect(statusJson([aRow({ changes: 9007199254740993n, excluded: ["mood"] })])).toMatchInlineSnapshot(`
      "{"version":1,"items":[
      {"schema":"public","table":"users","relation":1,"state":"on","since":"2026-10-01T08:00:00.000001+00:00","until":null,"oldest_instant":"2026-10-01T08:00:00.000001+00:00","last_change_at":"2026-11-22T11:58:00.5+00:00","changes_estimate":"9007199254740993","bytes":536870912,"retention":"for ever","capture":"generated","kind":"statement","images":"changes","excluded":["mood"],"redacted":[],"always":false,"keyed":true,"on_truncate":"capture","problems":[]}
      ]}
      "
    `);
  });

  it("has an empty list for no table", () => {
    expect(statusJson([])).toBe('{"version":1,"items":[]}\n');
  });
});
