// Sums vitest's JSON reports. As a program (.ci/run): node test/reports.mjs DIRECTORY [BROKEN_STEP…]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * The numbers of one report. A test file that failed before its first test counts as one failed test; a report
 * that is missing or cut off holds nothing.
 *
 * @param {string} path
 */
export function countReport(path) {
  const report = readReport(path);
  const files = report?.testResults ?? [];
  const brokenFiles = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: report?.numPassedTests ?? 0,
    failed: (report?.numFailedTests ?? 0) + brokenFiles.length,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

/**
 * The sum over all reports NAME.json of a directory. A step named as broken whose report shows no failed test
 * (types, lint, coverage, a crash) counts as one.
 *
 * @param {string} directory
 * @param {string[]} brokenSteps
 */
export function countReports(directory, brokenSteps = []) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".json"))) {
    const count = countReport(join(directory, name));
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
  for (const step of brokenSteps) {
    if (countReport(join(directory, `${step}.json`)).failed === 0) total.failed += 1;
  }
  return total;
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [directory, ...brokenSteps] = process.argv.slice(2);
  const { passed, failed, skipped } = countReports(directory, brokenSteps);
  if (skipped > 0) console.log(`${skipped} skipped`);
  console.log(`${passed} passed, ${failed} failed`);
}
