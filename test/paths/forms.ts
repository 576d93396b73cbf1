/** One way in which a table comes to be audited: the same writes have to leave the same changes in each. */
export interface Form {
  /** Whether every operation is recorded by row triggers, whatever the table. */
  readonly byRow: boolean;
  /** Whether writes in replica role are recorded as well. */
  readonly always: boolean;
  /** SQL that is run on a table before it is enabled; `table` is written as SQL. */
  readonly prepare: (table: string) => string;
  /** Further arguments of `audit enable`. */
  readonly options: readonly string[];
}

/** A trigger of the application's own, which does nothing: next to it every operation is recorded row by row. */
const harmlessTrigger = (table: string) => `
  create or replace function public.harmless() returns trigger language plpgsql as 'begin return null; end';
  create trigger harmless after insert or update or delete on ${table}
  for each row execute function public.harmless();`;

/** All forms by name, for describe.each. Another one, such as an option of `enable`, is one more entry. */
export const forms: readonly (readonly [name: string, form: Form])[] = [
  ["enabled plainly", { byRow: false, always: false, prepare: () => "", options: [] }],
  [
    "beside a row trigger of the application",
    { byRow: true, always: false, prepare: harmlessTrigger, options: [] },
  ],
  ["enabled --always", { byRow: true, always: true, prepare: () => "", options: ["--always"] }],
];
