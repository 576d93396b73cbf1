import { describe, expect, it } from "vitest";
import { type CaptureSettings, noChoice, sameSettings } from "../../src/core/capture.ts";

const settings: CaptureSettings = {
  keyColumns: [1, 2],
  keyFrom: "primary",
  exclude: { columns: [3], globs: ["*_token"] },
  only: { columns: [3, 4], globs: ["a*"] },
  redact: { columns: [4], globs: ["secret_?"] },
  images: "changes",
  onTruncate: "capture",
  oversize: "fail",
  keepsStatement: false,
  always: false,
  retentionId: 1,
  viewName: null,
};

describe("sameSettings", () => {
  it("knows what was written in another order, and what else the object carries", () => {
    const other = {
      enabled: true,
      ...Object.fromEntries(Object.entries(settings).reverse()),
      only: { globs: ["a*"], columns: [3, 4] },
    } as unknown as CaptureSettings;
    expect(Object.keys(other)).not.toEqual(Object.keys(settings));
    expect(sameSettings(settings, other)).toBe(true);
  });

  const differences: Readonly<Record<keyof CaptureSettings, readonly Partial<CaptureSettings>[]>> = {
    keyColumns: [{ keyColumns: [2, 1] }, { keyColumns: [1] }],
    keyFrom: [{ keyFrom: "chosen" }],
    exclude: [
      { exclude: noChoice },
      { exclude: { columns: [3], globs: [] } },
      { exclude: { columns: [], globs: ["*_token"] } },
    ],
    only: [{ only: null }, { only: noChoice }, { only: { columns: [3], globs: ["a*"] } }],
    redact: [{ redact: noChoice }, { redact: { columns: [4], globs: ["secret_*"] } }],
    images: [{ images: "lean" }],
    onTruncate: [{ onTruncate: "forbid" }],
    oversize: [{ oversize: "digest" }],
    keepsStatement: [{ keepsStatement: true }],
    always: [{ always: true }],
    retentionId: [{ retentionId: 2 }],
    viewName: [{ viewName: "users_history" }],
  };

  it.each(Object.values(differences).flat())("tells %j apart", (changed) => {
    expect(sameSettings(settings, { ...settings, ...changed })).toBe(false);
    expect(sameSettings({ ...settings, ...changed }, settings)).toBe(false);
  });

  it("tells no restriction from one that leaves nothing", () => {
    expect(sameSettings({ ...settings, only: null }, { ...settings, only: noChoice })).toBe(false);
  });
});
