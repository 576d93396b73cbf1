// Runs the database tests against several majors, one after another: node test/matrix.mjs [15 16 17 18]
// TEST_REPORT_DIR keeps vitest's JSON report of each as postgres-MAJOR.json.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countReport } from "./reports.mjs";

const supported = ["15", "16", "17", "18"];
const asked = process.argv.slice(2);
const unknown = asked.filter((major) => !supported.includes(major));
if (unknown.length > 0) {
  console.error(
    `PostgreSQL "${unknown.join('", "')}" is not supported. Name some of ${supported.join(", ")}.`,
  );
  process.exit(2);
}

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const kept = process.env.TEST_REPORT_DIR;
const reports = kept || mkdtempSync(join(tmpdir(), "pgtrail-matrix-"));

/**
 * The demo starts the newest PostgreSQL there is, whatever the tests run on; several reverts at once are reckoned from the log as
 * one is, which is put to the proof on the oldest, too.
 */
const newestOnly = ["test/e2e/demo.test.ts", "test/model/revertSeveral.test.ts"];

/**
 * What is about the command line more than about the server runs on the oldest and the newest major: between them nothing
 * of it differs, and all four would take an hour.
 */
const endsOnly = [
  "test/e2e/{archive,archiveBucket,badInput,bench,busy,closing,coldParts,coldReads,drift,dryRun,exclude,formats,historyStream,hostileReading,hold,json,prune,pruneFromCron,restore,restoreDocs,restoreDumps,restoreGuards,restoreMany,restoreOrder,retention,revert,revertDumps,revertGuards,rotation,uninstall,upgrade}.test.ts",
  "test/crash/archive.test.ts",
  "test/e2e/options/*.test.ts",
  "test/model/{restore,revert}.test.ts",
  "test/safety/{planted,shadowing}.test.ts",
];

function leftOut(major) {
  const isNewest = major === supported.at(-1);
  const isBetween = major !== supported[0] && !isNewest;
  const files = [...(isNewest ? [] : newestOnly), ...(isBetween ? endsOnly : [])];
  return files.flatMap((file) => ["--exclude", file]);
}

const lines = [];
let allPassed = true;
for (const major of asked.length > 0 ? asked : supported) {
  const report = join(reports, `postgres-${major}.json`);
  const start = Date.now();
  const { status } = spawnSync(
    process.execPath,
    [vitest, "run", "--config", "test/vitest.config.ts", "--project", "database", ...leftOut(major)],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, TEST_POSTGRES_MAJOR: major, TEST_REPORT: report },
    },
  );
  const { passed, failed, skipped } = countReport(report);
  const seconds = Math.round((Date.now() - start) / 1000);
  const files = leftOut(major).filter((part) => part !== "--exclude");
  if (files.length > 0)
    console.log(`Left out on PostgreSQL ${major}, see test/matrix.mjs: ${files.join(" ")}`);
  const verdict = status === 0 ? "ok" : "FAILED";
  lines.push(
    `PostgreSQL ${major}: ${verdict}, ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`,
  );
  allPassed &&= status === 0;
}
if (!kept) rmSync(reports, { recursive: true });
console.log(`\n${lines.join("\n")}`);
process.exitCode = allPassed ? 0 : 1;
