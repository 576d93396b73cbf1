import postgres from "postgres";

/** A plain connection pool for a test: not the client of the product, which is under test. */
export type TestSql = postgres.Sql;

/**
 * json, jsonb, date, timestamp and timestamptz arrive as the server writes them (JSON.parse and Date lose digits);
 * objects given for json parameters are written as JSON, texts are taken as they are.
 */
const plainText = {
  to: 25,
  from: [114, 3802, 1082, 1114, 1184],
  parse: (text: string) => text,
  serialize: (value: unknown) => {
    if (typeof value === "string") return value;
    return value instanceof Date ? value.toISOString() : JSON.stringify(value);
  },
};

/** Connects as the URL says. The caller ends the pool. */
export function connectTo(url: string, options: { max?: number } = {}): TestSql {
  // The driver takes the name as the URL writes it, percent signs and all.
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  const sql = postgres(url, { database, max: options.max ?? 4, onnotice: () => {}, types: { plainText } });
  return sql as unknown as TestSql;
}

/** The same server, another database. */
export function urlOfDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}
