import type { Change } from "../types.ts";

/** What of a change matters to a row's life. Plain updates may be among them; they turn nothing. */
export interface Turn extends Pick<Change, "id" | "tx" | "op" | "key" | "oldKey"> {
  /**
   * The ids of plain updates of the key by the same transaction that happened right before this turn and, of the last one,
   * right after it; where that is known. Ids tell it otherwise.
   */
  readonly updates?: { readonly before: readonly string[]; readonly after: readonly string[] };
}

/**
 * Turns the caller has to fetch for one key, over all ids. `moves`: changes with an old key, where it or the
 * key is this one. `turns`: those, and every insert, delete and truncate of the key, and truncates without key.
 */
export interface Request {
  readonly key: string;
  readonly need: "moves" | "turns";
}

/**
 * A key and the ids of the changes by which a row came to it and left it; undefined is open. Within one transaction the
 * row may have left before its coming was recorded.
 */
export interface Stretch {
  readonly key: string;
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
  /**
   * Where the row came to a key that was free: plain updates by the transaction it came with count from this id on. What a
   * statement calls may write to the row, and be recorded, before the statement's own change is.
   */
  readonly early?: { readonly tx: string; readonly first: bigint };
  /** By transaction, the ids of the plain updates that are the row's, where that is known. */
  readonly known?: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Following one key's rows through their key changes. A value: every step returns a new one. */
export interface LifeSearch {
  readonly asked: string;
  readonly turnsOf: ReadonlyMap<string, readonly Turn[]>;
}

interface Occupant extends Stretch {
  readonly known: Map<string, Set<string>>;
  /** Turns that began and ended it here; undefined when they are not in the log. */
  readonly birth: Turn | undefined;
  readonly death: Turn | undefined;
}

interface Link {
  readonly key: string;
  readonly id: string;
  /** Whether the row came to the key by that change, or left it by it. */
  readonly side: "came" | "left";
}

/**
 * Starts following whatever rows ever lived under the key. All of the asked key's own changes belong to the
 * answer, over all its incarnations; a row that came from another key is followed back to its birth, one that
 * left is followed on to its end. Ask neededTurns, fetch, learnTurns, until nothing is needed; then lifeOf.
 */
export function startLife(key: string): LifeSearch {
  return { asked: key, turnsOf: new Map() };
}

/** What to fetch next; empty when the search is closed. No key is asked for twice. */
export function neededTurns(search: LifeSearch): Request[] {
  if (!search.turnsOf.has(search.asked)) return [{ key: search.asked, need: "moves" }];
  return follow(search).unknown.map((key) => ({ key, need: "turns" }));
}

/** The search with what was fetched for one key, in the order of effects; changes of other keys among them are ignored. */
export function learnTurns(search: LifeSearch, key: string, changes: readonly Turn[]): LifeSearch {
  const turns = changes.filter((change) => isTurn(change) && touches(change, key));
  return { ...search, turnsOf: new Map(search.turnsOf).set(key, turns) };
}

/** The stretches found so far, the asked key's own first: unbounded, for every change of it is shown. */
export function lifeOf(search: LifeSearch): Stretch[] {
  const own: Stretch = { key: search.asked, first: undefined, last: undefined };
  return [own, ...follow(search).occupants.map(({ birth, death, ...stretch }) => stretch)];
}

/**
 * Whether a change is part of the life, for changes fetched by key and id from its stretches. Within a
 * stretch another row may pass through the same key (two rows that swap keys), hence more than a range.
 */
export function belongs(stretches: readonly Stretch[], change: Turn): boolean {
  const id = BigInt(change.id);
  return stretches.some(({ key, first, last, early, known }) => {
    if (!touches(change, key)) return false;
    if (first === undefined && last === undefined) return true;
    if (isTurn(change)) return id === first || id === last;
    const own = known?.get(change.tx);
    if (own !== undefined) return own.has(change.id);
    const reach = reachOf({ key, first, last });
    if (early?.tx === change.tx && first !== undefined && id < first) return id >= early.first;
    return (reach.first === undefined || id >= reach.first) && (reach.last === undefined || id <= reach.last);
  });
}

/** The ids between which all changes of a stretch lie, both inclusive; undefined is open. */
export function reachOf({ first, last, early }: Stretch): Pick<Stretch, "first" | "last"> {
  const swapped = first !== undefined && last !== undefined && last < first;
  const [lowest, highest] = swapped ? [last, first] : [first, last];
  if (early === undefined || lowest === undefined) return { first: lowest, last: highest };
  return { first: early.first < lowest ? early.first : lowest, last: highest };
}

/** Several lists of changes as one, by id, each change once. */
export function mergeChanges<T extends Pick<Change, "id">>(lists: readonly (readonly T[])[]): T[] {
  const byId = new Map(lists.flat().map((change) => [BigInt(change.id), change]));
  return [...byId].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, change]) => change);
}

/** A change that begins or ends a row's stay under a key. */
function isTurn(change: Turn): boolean {
  return change.op !== "update" || change.oldKey !== null;
}

function touches(change: Turn, key: string): boolean {
  return change.key === key || change.oldKey === key || (change.key === null && change.op === "truncate");
}

function follow(search: LifeSearch): { occupants: Occupant[]; unknown: string[] } {
  const found = new Map<string, Occupant>();
  const unknown = new Set<string>();
  const occupantsOf = new Map<string, readonly Occupant[]>();
  const seen = new Set<string>();
  const links = (search.turnsOf.get(search.asked) ?? []).flatMap((turn) => linksOf(turn, search.asked));
  for (let link = links.pop(); link !== undefined; link = links.pop()) {
    const { key, id, side } = link;
    const name = JSON.stringify([key, id, side]);
    if (key === search.asked || seen.has(name)) continue;
    seen.add(name);
    const turns = search.turnsOf.get(key);
    if (turns === undefined) {
      unknown.add(key);
      continue;
    }
    const occupants = occupantsOf.get(key) ?? occupantsIn(key, turns);
    occupantsOf.set(key, occupants);
    const occupant = occupants.find(({ birth, death }) => (side === "came" ? birth : death)?.id === id);
    if (occupant === undefined) continue;
    found.set(JSON.stringify([key, String(occupant.first), String(occupant.last)]), occupant);
    for (const turn of [occupant.birth, occupant.death])
      if (turn !== undefined) links.push(...linksOf(turn, key));
  }
  return { occupants: [...found.values()], unknown: [...unknown] };
}

/** Where a turn seen at `key` leads: to the key the row came from, or to the one it went to. */
function linksOf(turn: Turn, key: string): Link[] {
  if (turn.oldKey === null || turn.key === null || turn.op !== "update") return [];
  if (turn.key === key) return [{ key: turn.oldKey, id: turn.id, side: "left" }];
  return [{ key: turn.key, id: turn.id, side: "came" }];
}

/**
 * The rows that lived under a key, one after the other. Two at a time are possible only within a
 * transaction (a deferrable key, or a trigger that brings a row back before its deletion is recorded); then the one that
 * was there first leaves first. If a row is still there when the next transaction brings another, its end is missing
 * from the log, as a beginning may be: the audit was off in between. A row that is older than the log is assumed where it
 * spares such a gap.
 */
function occupantsIn(key: string, turns: readonly Turn[]): readonly Occupant[] {
  const free = succession(key, turns, []);
  if (free.gaps === 0) return free.occupants;
  const taken = succession(key, turns, [newcomer(key, undefined)]);
  return taken.gaps === 0 ? taken.occupants : free.occupants;
}

/** Lets the turns happen to the key, and counts beginnings and ends that are missing. */
function succession(
  key: string,
  turns: readonly Turn[],
  first: readonly Occupant[],
): { readonly occupants: readonly Occupant[]; readonly gaps: number } {
  const gone: Occupant[] = [];
  let present = [...first];
  let free: bigint | undefined;
  let lastTx: string | undefined;
  let gaps = 0;
  for (const turn of turns) {
    const id = BigInt(turn.id);
    if (turn.tx !== lastTx && present.length > 1) {
      const heir = present.at(-1);
      gone.push(...present.slice(0, -1).map((lost) => ({ ...lost, last: (heir?.first ?? id) - 1n })));
      present = present.slice(-1);
      gaps++;
    }
    lastTx = turn.tx;
    if (turn.key === key && (turn.op === "insert" || turn.op === "update")) {
      note(present.at(-1), turn.tx, turn.updates?.before);
      const arrived = { ...newcomer(key, id), birth: turn };
      note(arrived, turn.tx, turn.updates?.after);
      present.push(present.length > 0 ? arrived : { ...arrived, early: { tx: turn.tx, first: free ?? 0n } });
      continue;
    }
    if (turn.key !== null && present.length === 0 && free !== undefined) gaps++;
    const leaving = turn.key === null ? present : [present[0] ?? newcomer(key, free)];
    note(leaving[0], turn.tx, turn.updates?.before);
    gone.push(...leaving.map((occupant) => ({ ...occupant, death: turn, last: id })));
    present = turn.key === null ? [] : present.slice(1);
    note(present.at(-1), turn.tx, turn.updates?.after);
    free = id + 1n;
  }
  return { occupants: [...gone, ...present], gaps };
}

function newcomer(key: string, first: bigint | undefined): Occupant {
  return { key, birth: undefined, death: undefined, first, last: undefined, known: new Map() };
}

function note(occupant: Occupant | undefined, tx: string, updates: readonly string[] | undefined): void {
  if (occupant === undefined || updates === undefined) return;
  occupant.known.set(tx, new Set([...(occupant.known.get(tx) ?? []), ...updates]));
}
