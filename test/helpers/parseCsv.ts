/** Reads CSV as RFC 4180 has it, strictly: CRLF ends each record. An empty field is NULL, `""` the empty text. */
export function parseCsv(text: string): (string | null)[][] {
  const records: (string | null)[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  let record: (string | null)[] = [];
  while (field.lastIndex < text.length) {
    const start = field.lastIndex;
    const found = field.exec(text);
    if (!found) throw new Error(`no field at ${start}: ${JSON.stringify(text.slice(start, start + 40))}`);
    const [, quoted, bare, end] = found;
    record.push(quoted === undefined ? bare || null : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    records.push(record);
    record = [];
  }
  if (record.length > 0) throw new Error("the last record does not end");
  return records;
}
