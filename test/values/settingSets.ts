/** Settings of a session, made to change what values look like, what names mean or how a query is run. */
export interface SettingSet {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Functions, operators, types and tables that raise when they are used in place of the server's own. */
export const decoys = `
  create schema decoy;
  create function decoy.trap() returns text language plpgsql as
    $$ begin raise exception 'a decoy was called'; end $$;
  do $do$
  declare
    signature text;
  begin
    foreach signature in array array[
      'format(text, text)', 'format(text, integer)', 'format(text, numeric)', 'format(text, anyelement)',
      'to_jsonb(anyelement)', 'jsonb_object(text[], text[])', 'num_nulls(anyelement)', 'left(text, integer)',
      'jsonb_build_array(anyelement)', 'array_append(anycompatiblearray, anycompatible)',
      'current_setting(text, boolean)', 'clock_timestamp()', 'quote_ident(text)',
      'lower(text)', 'now()', 'nextval(text)', 'inet_client_addr()'
    ] loop
      execute format('create or replace function decoy.%s returns text language sql as $$ select decoy.trap() $$', signature);
    end loop;
    foreach signature in array array['text', 'integer', 'bigint', 'numeric', 'jsonb', 'boolean', 'float8', 'name', 'oid', 'xid8', 'inet', 'timestamptz'] loop
      execute format('create function decoy.same(%1$s, %1$s) returns boolean language plpgsql as
        $$ begin raise exception ''a decoy was called''; end $$', signature);
      execute format('create operator decoy.= (leftarg = %1$s, rightarg = %1$s, function = decoy.same)', signature);
      execute format('create operator decoy.<> (leftarg = %1$s, rightarg = %1$s, function = decoy.same)', signature);
    end loop;
  end
  $do$;
  create domain decoy.text as int;
  create domain decoy.jsonb as int;
  create domain decoy.numeric as int;
  create domain decoy.mood as int;
  create table decoy.change (id int);
  create table decoy.pg_class (id int);
  create table decoy.pg_attribute (id int);
  create table decoy.pg_type (id int);
`;

const planner = [
  "bitmapscan",
  "gathermerge",
  "hashagg",
  "hashjoin",
  "incremental_sort",
  "indexonlyscan",
  "indexscan",
  "material",
  "memoize",
  "mergejoin",
  "nestloop",
  "parallel_append",
  "parallel_hash",
  "partition_pruning",
  "seqscan",
  "sort",
  "tidscan",
];

const switched = (names: readonly string[], value: string) =>
  Object.fromEntries(names.map((name) => [`enable_${name}`, value]));

/** What an application's session may be set to. None may change a byte of what is recorded, nor of what is read. */
export const settingSets: readonly SettingSet[] = [
  {
    name: "an American's",
    settings: {
      TimeZone: "America/New_York",
      DateStyle: "SQL, MDY",
      IntervalStyle: "sql_standard",
      bytea_output: "escape",
      extra_float_digits: "0",
      lc_monetary: "en_US.UTF-8",
    },
  },
  {
    name: "a German's",
    settings: {
      TimeZone: "Europe/Berlin",
      DateStyle: "German, DMY",
      IntervalStyle: "postgres_verbose",
      extra_float_digits: "-15",
      lc_monetary: "de_DE.UTF-8",
      lc_numeric: "de_DE.UTF-8",
      lc_time: "de_DE.UTF-8",
    },
  },
  {
    name: "old clocks and ISO 8601",
    settings: {
      TimeZone: "Africa/Monrovia",
      DateStyle: "Postgres, YMD",
      IntervalStyle: "iso_8601",
      extra_float_digits: "3",
      timezone_abbreviations: "India",
    },
  },
  {
    name: "documents only, names quoted",
    settings: {
      quote_all_identifiers: "on",
      xmloption: "document",
      xmlbinary: "hex",
      bytea_output: "escape",
      default_text_search_config: "pg_catalog.german",
    },
  },
  {
    name: "strings of the old kind",
    settings: {
      standard_conforming_strings: "off",
      backslash_quote: "off",
      escape_string_warning: "off",
      array_nulls: "off",
      transform_null_equals: "on",
    },
  },
  {
    name: "a path full of decoys",
    settings: { search_path: "decoy, app, ext, pg_catalog, pg_temp", check_function_bodies: "off" },
  },
  { name: "an empty path", settings: { search_path: "", quote_all_identifiers: "on", array_nulls: "off" } },
  {
    name: "another encoding",
    settings: {
      client_encoding: "LATIN1",
      lc_messages: "C",
      DateStyle: "ISO, DMY",
      TimeZone: "Asia/Kathmandu",
    },
  },
  {
    name: "no plan but the bad ones",
    settings: {
      ...switched(planner, "off"),
      plan_cache_mode: "force_generic_plan",
      from_collapse_limit: "1",
      join_collapse_limit: "1",
      geqo_threshold: "2",
      work_mem: "64kB",
      hash_mem_multiplier: "1",
      row_security: "off",
    },
  },
  {
    name: "everything compiled and in parallel",
    settings: {
      plan_cache_mode: "force_custom_plan",
      jit: "on",
      jit_above_cost: "0",
      parallel_setup_cost: "0",
      parallel_tuple_cost: "0",
      min_parallel_table_scan_size: "0",
      enable_partitionwise_join: "on",
      enable_partitionwise_aggregate: "on",
    },
  },
  {
    name: "PL/pgSQL at its strictest",
    settings: {
      "plpgsql.variable_conflict": "use_column",
      "plpgsql.extra_errors": "all",
      "plpgsql.extra_warnings": "all",
      "plpgsql.check_asserts": "off",
      default_toast_compression: "pglz",
    },
  },
  {
    name: "serializable, everything at once",
    settings: {
      default_transaction_isolation: "serializable",
      default_transaction_deferrable: "on",
      TimeZone: "Pacific/Apia",
      DateStyle: "Postgres, DMY",
      IntervalStyle: "sql_standard",
      extra_float_digits: "-15",
      bytea_output: "escape",
      lc_monetary: "ja_JP.UTF-8",
      quote_all_identifiers: "on",
      array_nulls: "off",
      standard_conforming_strings: "off",
      xmloption: "document",
      search_path: "decoy, app, ext, pg_catalog, pg_temp",
      "plpgsql.variable_conflict": "use_variable",
    },
  },
];
