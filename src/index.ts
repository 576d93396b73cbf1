/** The library: what the commands call, for programs that want the same. */
export { runAtTime } from "./actions/atTime.ts";
export { runBench } from "./actions/bench.ts";
export { runDiff } from "./actions/diff.ts";
export { runDisable } from "./actions/disable.ts";
export { runEnable } from "./actions/enable.ts";
export { runHistory } from "./actions/history.ts";
export { runInit } from "./actions/init.ts";
export { runPrune } from "./actions/prune.ts";
export { runQuery } from "./actions/query.ts";
export { runRetentionList, runRetentionSet } from "./actions/retention.ts";
export { runStatus } from "./actions/status.ts";
export { runTag } from "./actions/tag.ts";
export { runTags } from "./actions/tags.ts";
export { runUninstall } from "./actions/uninstall.ts";
export { ExitCode, UserError } from "./errors.ts";
export { type Io, processIo } from "./io.ts";
export { main } from "./main.ts";
export type * from "./types.ts";
