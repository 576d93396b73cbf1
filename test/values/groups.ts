import { columnsOf, type ValueColumn } from "./columns.ts";
import { documents, xml, xmlWithEncoding } from "./samples/documents.ts";
import { extensions } from "./samples/extensions.ts";
import { numbers } from "./samples/numbers.ts";
import { own } from "./samples/own.ts";
import { ranges } from "./samples/ranges.ts";
import type { Samples } from "./samples/sample.ts";
import { shapes } from "./samples/shapes.ts";
import { system } from "./samples/system.ts";
import { texts } from "./samples/texts.ts";
import { times } from "./samples/times.ts";

/** Columns that are tried together, in one table. */
export interface Group {
  readonly name: string;
  /** What the server must have for it. */
  readonly needs: readonly Feature[];
  readonly ddl: string;
  readonly columns: readonly ValueColumn[];
}

/** An extension, or support for XML, which a server may lack. */
export type Feature = { readonly extension: string } | "xml";

/** All samples of built-in types for a major version, by group. */
export function builtInSamples(major: number): Readonly<Record<string, Samples>> {
  return {
    numbers,
    times: times(major),
    texts,
    shapes,
    documents,
    system,
    ranges,
    xml: { xml },
  };
}

/** The names of the groups, known before a server is. */
export const groupNames: readonly string[] = [
  ...Object.keys(builtInSamples(15)),
  "own",
  ...Object.keys(extensions),
];

/** All groups for a major version. */
export function groupsOf(major: number): Group[] {
  const made: Group[] = Object.entries({ ...builtInSamples(major), own }).map(([name, samples]) => ({
    name,
    needs: name === "xml" ? ["xml"] : [],
    ...columnsOf(name, samples),
  }));
  for (const [extension, samples] of Object.entries(extensions)) {
    made.push({ name: extension, needs: [{ extension }], ...columnsOf(extension, samples) });
  }
  return made.map((group) =>
    group.name === "xml"
      ? {
          ...group,
          columns: [...group.columns, { name: "declared", type: "xml", texts: [...xml, xmlWithEncoding] }],
        }
      : group,
  );
}
