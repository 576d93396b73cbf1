import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** How a transaction ended, as far as the one who wrote it was told. */
export type Fate = "begun" | "committed" | "rolled back" | "prepared to commit" | "prepared to roll back";

/** What a writer writes down before and after each transaction. */
export type Note =
  | { readonly kind: "begin" | "commit" | "rollback"; readonly token: string }
  | { readonly kind: "prepared"; readonly token: string; readonly decision: Decision }
  /** Work of that transaction was rolled back to a savepoint. */
  | { readonly kind: "undone"; readonly token: string }
  /** It was found prepared by one that had not prepared it: something broke in between. */
  | { readonly kind: "found"; readonly token: string }
  | { readonly kind: "error"; readonly token: string; readonly code: string }
  /** An error that no statement of the writer's should have met. */
  | { readonly kind: "fault"; readonly token: string; readonly text: string };

/** What is to become of a prepared transaction; whoever finds it does so. */
export type Decision = "commit" | "rollback";

/** Adds a note; once this returns it outlives kill -9 of this process. */
export function writeNote(path: string, note: Note): void {
  appendFileSync(path, `${JSON.stringify(note)}\n`);
}

/** The notes of one writer, in order. A last line that was cut off is left out. */
export function readNotes(path: string): Note[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Note);
}

/** Whether the writer of these notes is in the midst of a transaction. */
export function isUnderWay(notes: readonly Note[]): boolean {
  const last = notes.at(-1);
  return last?.kind === "begin" || last?.kind === "undone";
}

/** All that the journals say. */
export interface Testimony {
  readonly fates: ReadonlyMap<string, Fate>;
  /** Transactions whose end nobody was told: something broke in between. Not those that may still be under way. */
  readonly cut: ReadonlySet<string>;
  /** How often work was rolled back to a savepoint. */
  readonly undone: number;
  /** Prepared transactions that outlived the session or the server of their writer. */
  readonly found: number;
  /** How often each SQLSTATE ended a transaction. */
  readonly errors: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
}

/** Sums up the journals. With `ended` nothing is under way any more. */
export function readTestimony(journals: readonly (readonly Note[])[], ended: boolean): Testimony {
  const fates = new Map<string, Fate>();
  const underWay = new Set<string>();
  const errors = new Map<string, number>();
  const faults: string[] = [];
  let undone = 0;
  let found = 0;
  for (const notes of journals) {
    let last: string | undefined;
    for (const note of notes) {
      if (note.kind === "begin") {
        last = note.token;
        fates.set(note.token, "begun");
      } else if (note.kind === "commit") fates.set(note.token, "committed");
      else if (note.kind === "rollback") fates.set(note.token, "rolled back");
      else if (note.kind === "prepared") {
        fates.set(note.token, note.decision === "commit" ? "prepared to commit" : "prepared to roll back");
      } else if (note.kind === "undone") undone++;
      else if (note.kind === "found") found++;
      else if (note.kind === "error") errors.set(note.code, (errors.get(note.code) ?? 0) + 1);
      else if (note.kind === "fault") faults.push(`${note.token}: ${note.text}`);
    }
    if (!ended && last !== undefined) underWay.add(last);
  }
  const cut = new Set(
    [...fates].filter(([token, fate]) => fate === "begun" && !underWay.has(token)).map(([token]) => token),
  );
  return { fates, cut, undone, found, errors, faults };
}

/** The name under which a transaction is prepared: it says what is to become of it. */
export function preparedName(token: string, decision: Decision): string {
  return `${token}:${decision}`;
}

/** The reverse of preparedName. */
export function readPreparedName(name: string): { readonly token: string; readonly decision: Decision } {
  const [token = "", decision] = name.split(":");
  return { token, decision: decision === "commit" ? "commit" : "rollback" };
}
