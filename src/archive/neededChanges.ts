import { type ArchivedChange, columnIndex } from "./change.ts";
import type { ColdFilter } from "./coldFilter.ts";
import type { ArchivedFile } from "./manifest.ts";
import { isBefore } from "./timestamp.ts";

/** A need whose instants and names have been resolved; instants as PostgreSQL prints them in UTC. */
export interface SettledNeed {
  /** Undefined: all. */
  readonly relations?: ReadonlySet<number> | undefined;
  /** Keys of rows; changes without a key, which concern every row, belong to each. */
  readonly keys?: ReadonlySet<string> | undefined;
  /** Recorded at this instant or later, or with this number or a later one. */
  readonly since?: { readonly at: string; readonly id?: bigint | undefined } | undefined;
  /** Recorded by this instant; or, where a number is given, with a smaller one, whenever that was. */
  readonly until?: { readonly at: string; readonly id?: bigint | undefined } | undefined;
  /** Of this transaction only. */
  readonly tx?: string | undefined;
  /** This change only. */
  readonly id?: bigint | undefined;
  /** Instants at which transactions were in progress whose later changes, to any table, are needed too. */
  readonly moments?: readonly Moment[] | undefined;
}

export interface Moment {
  readonly at: string;
  /** Changes of any table from this instant to `at` are needed as well; undefined: none. */
  readonly from?: string | undefined;
}

/** The need in parts of one kind each: files are searched for each by its own bounds. */
export function partsOf({ moments = [], ...asked }: SettledNeed): SettledNeed[] {
  return [asked, ...moments.map((moment) => ({ relations: new Set<number>(), moments: [moment] }))];
}

/** What of such a part a reader can tell by the bounds of what it reads. */
export function filterOf({ keys, since, until, moments = [] }: SettledNeed): ColdFilter {
  const [moment] = moments;
  if (moment !== undefined)
    return moment.from === undefined ? { sinceAt: moment.at, beganBy: moment.at } : { sinceAt: moment.from };
  return {
    keys,
    keyless: true,
    sinceAt: since?.id === undefined ? since?.at : undefined,
    untilAt: until?.id === undefined ? until?.at : undefined,
  };
}

/** Whether a change belongs to what is needed. */
export function isNeeded(need: SettledNeed, change: ArchivedChange): boolean {
  return isAsked(need, change) || (need.moments ?? []).some((moment) => isOfMoment(moment, change));
}

/** Whether a file can hold changes that are needed, by what its manifest says of it. */
export function mayHold(need: SettledNeed, file: ArchivedFile): boolean {
  const { relations, since, until, id, moments = [] } = need;
  const asked =
    (relations === undefined || relations.has(file.relation)) &&
    (since === undefined ||
      isBefore(since.at, file.lastAt) ||
      (since.id !== undefined && since.id <= BigInt(file.lastId))) &&
    (until === undefined ||
      (until.id === undefined ? isBefore(file.firstAt, until.at) : BigInt(file.firstId) < until.id)) &&
    (id === undefined || (BigInt(file.firstId) <= id && id <= BigInt(file.lastId)));
  return (
    asked ||
    moments.some(
      ({ at, from }) =>
        (!isBefore(file.lastAt, at) && (file.firstBegan === null || isBefore(file.firstBegan, at))) ||
        (from !== undefined && isBefore(from, file.lastAt) && isBefore(file.firstAt, at)),
    )
  );
}

function isAsked({ relations, keys, since, until, tx, id }: SettledNeed, change: ArchivedChange): boolean {
  if (relations !== undefined && !relations.has(Number(change[columnIndex.relation]))) return false;
  if (tx !== undefined && change[columnIndex.xid] !== tx) return false;
  const own = change[columnIndex.id] ?? "";
  if (id !== undefined && own !== String(id)) return false;
  const at = change[columnIndex.at] ?? "";
  if (since && !isBefore(since.at, at) && (since.id === undefined || BigInt(own) < since.id)) return false;
  if (until && (until.id === undefined ? !isBefore(at, until.at) : BigInt(own) >= until.id)) return false;
  return keys === undefined || isOfKeys(keys, change);
}

function isOfKeys(keys: ReadonlySet<string>, change: ArchivedChange): boolean {
  const key = change[columnIndex.key] ?? null;
  const oldKey = change[columnIndex.old_key] ?? null;
  return key === null || keys.has(key) || (oldKey !== null && keys.has(oldKey));
}

/** Of a transaction whose beginning was not noted nobody knows that it was not in progress. */
function isOfMoment({ at: moment, from }: Moment, change: ArchivedChange): boolean {
  const at = change[columnIndex.at] ?? "";
  if (isBefore(at, moment)) return from !== undefined && isBefore(from, at);
  const began = change[columnIndex.began] ?? null;
  return began === null || isBefore(began, moment);
}
