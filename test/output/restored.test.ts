import { expect, it } from "vitest";
import { lookOf } from "../../src/output/look.ts";
import { restoredJson, restoredText } from "../../src/output/restored.ts";
import { fakeIo } from "../helpers/fakeIo.ts";

const row = {
  segment: 12,
  retention: "90d",
  changes: 12_345,
  firstAt: "2026-01-01T00:00:00.000000+00:00",
  lastAt: "2026-01-31T00:00:00.000000+00:00",
  until: "2026-12-26T10:00:00.000000+00:00",
};
const options = { ...lookOf(fakeIo()), zone: "UTC", target: "/mnt/a", dryRun: false };

it("says which segments came back and until when they are kept", async () => {
  const text = await restoredText([row], options);
  expect(text).toContain("kept until");
  expect(text).toContain("2026-12-26 10:00");
  expect(text).toMatch(/\nbrought back 1 segment, 12,345 changes\n$/);
});

it("says what would come back", async () => {
  const text = await restoredText([{ ...row, until: null }], { ...options, dryRun: true });
  expect(text).toMatch(/\nwould bring back 1 segment, 12,345 changes\n$/);
});

it("says where nothing fits", async () => {
  expect(await restoredText([], options)).toBe(
    "Nothing that is gone fits and lies in /mnt/a, so nothing is brought back.\n",
  );
});

it("is one document", () => {
  expect(JSON.parse(restoredJson([row], { target: "/mnt/a", dryRun: false }))).toEqual({
    version: 1,
    target: "/mnt/a",
    dry_run: false,
    items: [
      {
        segment: 12,
        retention: "90d",
        changes: "12345",
        first_at: row.firstAt,
        last_at: row.lastAt,
        kept_until: row.until,
      },
    ],
  });
});
