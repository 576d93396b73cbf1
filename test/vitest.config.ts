import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The tests name their own database: nothing of the shell's may lead them to another one.
for (const name of Object.keys(process.env)) {
  if (/^PG|^DATABASE_URL$|^AUDIT_/.test(name)) delete process.env[name];
}

/** A file for the JSON report, read by matrix.mjs and .ci/run. */
const report = process.env.TEST_REPORT;

const minute = 60_000;

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    pool: "forks",
    // One server and two cores: more workers only wait for each other.
    maxWorkers: 2,
    teardownTimeout: minute,
    reporters: report ? ["default", ["json", { outputFile: report }]] : ["default"],
    coverage: {
      provider: "v8",
      include: ["src/core/**"],
      reporter: ["text-summary", "html"],
      thresholds: { lines: 95 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/{archive,core,output,cli,connection,docs,helpers}/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "database",
          include: ["test/{db,templates,e2e,model,embedded,crash,paths,values,safety}/**/*.test.ts"],
          globalSetup: ["test/helpers/globalSetup.ts"],
          testTimeout: 2 * minute,
          hookTimeout: 2 * minute,
        },
      },
    ],
  },
});
