/** Chunks of about this many characters: few writes, little memory. */
const chunkSize = 64 * 1024;

/** Lines made one by one and gathered into chunks. A chunk ends with its batch, so that nothing waits for the next one. */
export async function* gatherLines<T>(
  batches: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  line: (item: T) => string,
): AsyncGenerator<string, void, undefined> {
  for await (const items of batches) {
    let pending = "";
    for (const item of items) {
      pending += line(item);
      if (pending.length < chunkSize) continue;
      yield pending;
      pending = "";
    }
    if (pending !== "") yield pending;
  }
}

/** The same below a header. It comes with the first line; an empty answer still has it. */
export async function* gatherBelow<T>(
  header: string,
  batches: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  line: (item: T) => string,
): AsyncGenerator<string, void, undefined> {
  let above = header;
  for await (const chunk of gatherLines(batches, line)) {
    yield above + chunk;
    above = "";
  }
  if (above !== "") yield above;
}
