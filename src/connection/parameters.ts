/**
 * What libpq calls connection parameters, and what becomes of each here. A parameter that is missing from
 * this table is unknown and rejected: sent on, the server would take it for a setting and refuse the session.
 */
export type Treatment =
  | { readonly kind: "honoured"; readonly env?: string }
  /** Accepted, without effect; said on stderr unless the value is one of `harmless`. */
  | { readonly kind: "ignored"; readonly env?: string; readonly harmless?: readonly string[] }
  /** Would weaken what the user asked for if it were ignored. */
  | {
      readonly kind: "refused";
      readonly env?: string;
      readonly harmless?: readonly string[];
      readonly hint: string;
    };

export const parameterTable: Readonly<Record<string, Treatment>> = {
  host: { kind: "honoured", env: "PGHOST" },
  hostaddr: { kind: "honoured", env: "PGHOSTADDR" },
  port: { kind: "honoured", env: "PGPORT" },
  dbname: { kind: "honoured", env: "PGDATABASE" },
  user: { kind: "honoured", env: "PGUSER" },
  password: { kind: "honoured", env: "PGPASSWORD" },
  passfile: { kind: "honoured", env: "PGPASSFILE" },
  connect_timeout: { kind: "honoured", env: "PGCONNECT_TIMEOUT" },
  options: { kind: "honoured", env: "PGOPTIONS" },
  application_name: { kind: "honoured", env: "PGAPPNAME" },
  target_session_attrs: { kind: "honoured", env: "PGTARGETSESSIONATTRS" },
  keepalives: { kind: "honoured" },
  keepalives_idle: { kind: "honoured" },
  sslmode: { kind: "honoured", env: "PGSSLMODE" },
  sslnegotiation: { kind: "honoured", env: "PGSSLNEGOTIATION" },
  sslrootcert: { kind: "honoured", env: "PGSSLROOTCERT" },
  sslcert: { kind: "honoured", env: "PGSSLCERT" },
  sslkey: { kind: "honoured", env: "PGSSLKEY" },
  sslpassword: { kind: "honoured" },
  sslcrl: { kind: "honoured", env: "PGSSLCRL" },
  sslsni: { kind: "honoured", env: "PGSSLSNI" },
  ssl_min_protocol_version: { kind: "honoured", env: "PGSSLMINPROTOCOLVERSION" },
  ssl_max_protocol_version: { kind: "honoured", env: "PGSSLMAXPROTOCOLVERSION" },

  channel_binding: { kind: "ignored", env: "PGCHANNELBINDING", harmless: ["disable", "prefer"] },
  load_balance_hosts: { kind: "ignored", env: "PGLOADBALANCEHOSTS", harmless: ["disable"] },
  keepalives_interval: { kind: "ignored" },
  keepalives_count: { kind: "ignored" },
  tcp_user_timeout: { kind: "ignored" },
  fallback_application_name: { kind: "ignored" },
  client_encoding: { kind: "ignored", harmless: ["utf8", "UTF8", "utf-8", "UTF-8", "auto"] },
  sslcompression: { kind: "ignored", env: "PGSSLCOMPRESSION", harmless: ["0"] },
  sslcertmode: { kind: "ignored", env: "PGSSLCERTMODE", harmless: ["allow"] },
  krbsrvname: { kind: "ignored", env: "PGKRBSRVNAME" },
  gsslib: { kind: "ignored", env: "PGGSSLIB" },
  gssdelegation: { kind: "ignored", env: "PGGSSDELEGATION", harmless: ["0"] },
  min_protocol_version: { kind: "ignored", env: "PGMINPROTOCOLVERSION", harmless: ["3.0"] },
  max_protocol_version: {
    kind: "ignored",
    env: "PGMAXPROTOCOLVERSION",
    harmless: ["3.0", "3.2", "latest"],
  },

  service: {
    kind: "refused",
    env: "PGSERVICE",
    hint: "Service files are not read. Give the host, the user and the database themselves.",
  },
  servicefile: { kind: "refused", hint: "Service files are not read." },
  gssencmode: {
    kind: "refused",
    env: "PGGSSENCMODE",
    harmless: ["disable", "prefer"],
    hint: "GSSAPI is not supported. Use TLS with sslmode instead.",
  },
  require_auth: {
    kind: "refused",
    env: "PGREQUIREAUTH",
    hint: "The way of authentication cannot be insisted on. Use sslmode=verify-full to be sure of the server.",
  },
  requirepeer: {
    kind: "refused",
    env: "PGREQUIREPEER",
    hint: "The owner of the server's socket cannot be checked. Leave it out.",
  },
  replication: { kind: "refused", hint: "A replication connection runs no queries. Leave it out." },
  sslcrldir: { kind: "refused", env: "PGSSLCRLDIR", hint: "Give one file with sslcrl instead." },
};

/** The names of all parameters that may be written in a URL or key=value string. */
export function isKnownParameter(name: string): boolean {
  return Object.hasOwn(parameterTable, name);
}
