/** How much a finding matters: changes or evidence are at stake, something is not as set up, or good to know. */
export type Severity = "critical" | "warning" | "note";

/** What can be out of order, in the order in which it is reported: the installation first, then its tables. */
const kinds = {
  "version-older": "warning",
  "helper-missing": "critical",
  "helper-changed": "critical",
  "event-trigger-missing": "critical",
  "event-trigger-off": "critical",
  "event-triggers-setting": "critical",
  "guard-missing": "critical",
  "guard-off": "critical",
  "segment-lost": "critical",
  "hot-function-wrong": "critical",
  "sequence-behind": "critical",
  "role-missing": "critical",
  "role-attributes": "critical",
  "role-members": "critical",
  "right-missing": "critical",
  "log-open": "critical",
  "era-unknown": "warning",
  "table-gone": "warning",
  "table-renamed": "warning",
  "table-changed": "critical",
  "table-changed-guarded": "warning",
  "partitions-changed": "warning",
  "kind-outdated": "critical",
  "key-lost": "critical",
  "coverage-ended": "warning",
  "function-missing": "critical",
  "function-changed": "critical",
  "function-settings": "critical",
  "function-owner": "critical",
  "function-open": "critical",
  "trigger-missing": "critical",
  "trigger-replaced": "critical",
  "trigger-off": "critical",
  "trigger-not-always": "critical",
  "truncate-trigger-missing": "critical",
  "trigger-stray": "warning",
  "rows-owner": "warning",
  "grant-missing": "warning",
  "view-missing": "warning",
  "view-outdated": "warning",
  "functions-left": "note",
  "no-roles": "note",
  "no-event-triggers": "note",
} as const satisfies Record<string, Severity>;

export type DriftKind = keyof typeof kinds;

/** Every kind of drift that is looked for. */
export const driftKinds = Object.keys(kinds) as readonly DriftKind[];

/** One thing that is not as it was set up, with the statements that mend it. */
export interface Drift {
  readonly kind: DriftKind;
  /** The audited table by the registry; null where it concerns the installation. */
  readonly relation: number | null;
  /** The table for people, quoted; null as above. */
  readonly table: string | null;
  /** What it is about: a trigger, function, role, segment. */
  readonly subject: string;
  /** What was found there, where the kind alone does not tell. */
  readonly detail: string | null;
  /** Run one after the other in one transaction. Empty where it takes a decision. */
  readonly sql: readonly string[];
}

export function severityOf(kind: DriftKind): Severity {
  return kinds[kind];
}

/** In the order of the kinds, within a kind by table and subject. */
export function inOrder(drifts: readonly Drift[]): Drift[] {
  const place = (drift: Drift) => driftKinds.indexOf(drift.kind);
  const name = (drift: Drift) => `${drift.table ?? ""} ${drift.subject}`;
  return [...drifts].sort((one, other) => place(one) - place(other) || (name(one) < name(other) ? -1 : 1));
}

/** What is wrong, in a sentence, and what follows from it. */
export function driftMessage({ kind, subject, detail }: Drift): string {
  const found = detail ?? "";
  switch (kind) {
    case "version-older":
      return `The installation is of version ${found}, older than this tool. Upgrade it with: audit init`;
    case "helper-missing":
      return `Our function ${subject} is gone; what needs it fails.`;
    case "helper-changed":
      return `Our function ${subject} is not as it was shipped.`;
    case "event-trigger-missing":
      return `The event trigger on ${subject} is gone: after DDL, writes to audited tables can fail or go unrecorded.`;
    case "event-trigger-off":
      return `The event trigger ${subject} is ${found}: after DDL, writes to audited tables can fail or go unrecorded.`;
    case "event-triggers-setting":
      return "The server's setting event_triggers is off: DDL is not followed, and writes to audited tables can fail after it.";
    case "guard-missing":
      return `${subject} has lost the trigger that keeps it append-only (${found}).`;
    case "guard-off":
      return `The trigger that keeps ${subject} append-only is switched off (${found}).`;
    case "segment-lost":
      return `Segment ${subject} of the log is gone or detached, but changes are still to be written to it: writes to its tables fail.`;
    case "hot-function-wrong":
      return `${subject} does not name the segment that is written to (${found}).`;
    case "sequence-behind":
      return `The sequence ${subject} stands before the newest change (${found}): numbers would be given twice.`;
    case "role-missing":
      return `The role ${subject} is gone.`;
    case "role-attributes":
      return `The role ${subject} has got what it must not have: ${found}.`;
    case "role-members":
      return `The role ${subject} has got a member or a membership that is not ours: ${found}.`;
    case "right-missing":
      return `The role ${subject} has lost what it needs (${found}): writes to audited tables, or DDL on them, fail.`;
    case "log-open":
      return `${found} may write to ${subject}, which is for the trigger functions alone.`;
    case "era-unknown":
      return "This cluster is another one than the log was written in: it was restored, and transaction ids start anew. Note it with: audit init";
    case "table-gone":
      return "The table is gone from the catalog, or under another oid.";
    case "table-renamed":
      return `The table is called ${subject} now, and the registry does not know.`;
    case "table-changed":
      return "The table's columns changed, and nothing followed: writes to it can fail, or leave a column out.";
    case "table-changed-guarded":
      return "The table changed since its triggers were made; every change is still recorded, the slow way.";
    case "partitions-changed":
      return `Partitions came or went, and nothing followed: ${found}.`;
    case "kind-outdated":
      return `The table is captured by ${found}, which no longer holds for it: changes can be missed or told in the wrong order.`;
    case "key-lost":
      return "The key is no longer the one changes are recorded by.";
    case "coverage-ended":
      return `Its coverage ended (${found}), though it is enabled.`;
    case "trigger-missing":
      return `The trigger ${subject} is gone: changes are being missed.`;
    case "trigger-replaced":
      return `The trigger ${subject} is another one than ours: changes are being missed.`;
    case "trigger-off":
      return `The trigger ${subject} is switched off: changes are being missed.`;
    case "trigger-not-always":
      return `The trigger ${subject} no longer fires in replica role, as --always asks.`;
    case "truncate-trigger-missing":
      return `The trigger ${subject} is gone from ${found}: a TRUNCATE of it would go unrecorded.`;
    case "trigger-stray":
      return `Our trigger ${subject} is left on ${found}, which is not part of an audited table.`;
    case "function-missing":
      return `The function ${subject} is gone: writes to the table fail.`;
    case "function-changed":
      return `The function ${subject} is not the one that is made for the table as it is now.`;
    case "function-settings":
      return `The function ${subject} runs under other settings or rights than it was made with (${found}).`;
    case "function-owner":
      return `The function ${subject} belongs to ${found}, with whose rights it now runs.`;
    case "function-open":
      return `${found} may call the function ${subject}, which is for its trigger alone.`;
    case "rows-owner":
      return `The table has got another owner than ${subject}, by which TRUNCATE capture reads it, or that one runs with other rights: TRUNCATE is refused.`;
    case "grant-missing":
      return `${subject} lacks the right to ${found} on it.`;
    case "view-missing":
      return `The view ${subject}, which shows its history, is gone.`;
    case "view-outdated":
      return `The view ${subject} is not the one that is made for the table as it is now (${found}).`;
    case "functions-left":
      return "The table was dropped; its trigger functions are still there.";
    case "no-roles":
      return "Trigger functions run with the installer's own rights, for want of the audit roles. Let a superuser run: audit init";
    case "no-event-triggers":
      return "DDL is not followed by event triggers: capture goes row by row and looks at each row whether the table changed. Let a superuser run: audit init";
  }
}
