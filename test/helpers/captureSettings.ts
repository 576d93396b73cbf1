import { type CaptureSettings, noChoice } from "../../src/core/capture.ts";

/** What enable comes to for a table with a primary key (attribute 1) where nothing is asked. */
export const plainSettings: CaptureSettings = {
  keyColumns: [1],
  keyFrom: "primary",
  exclude: noChoice,
  only: null,
  redact: noChoice,
  images: "changes",
  onTruncate: "capture",
  oversize: "fail",
  keepsStatement: false,
  always: false,
  retentionId: 1,
  viewName: null,
};

/** Settings of the same table that are other than the plain ones in each point that can be asked for. */
export const oddSettings: CaptureSettings = {
  keyColumns: [1],
  keyFrom: "primary",
  exclude: { columns: [2], globs: ["*_token"] },
  only: { columns: [2, 4], globs: ["e*"] },
  redact: { columns: [4], globs: ["secret_?"] },
  images: "full",
  onTruncate: "forbid",
  oversize: "digest",
  keepsStatement: true,
  always: true,
  retentionId: 7,
  viewName: "odd_history",
};
