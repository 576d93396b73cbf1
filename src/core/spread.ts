/** Pages of a file from `first` up to, but without, `end`. */
export interface PageRange {
  readonly first: number;
  readonly end: number;
}

/** At most `most` pages of the range, evenly spread, its first and its last among them; in order. */
export function spreadPages({ first, end }: PageRange, most: number): number[] {
  const length = end - first;
  if (length <= most) return Array.from({ length: Math.max(0, length) }, (_, index) => first + index);
  return Array.from({ length: most }, (_, index) => first + Math.floor((index * (length - 1)) / (most - 1)));
}

/** Where to look closer: from one of the pages looked at, up to the next of them. */
export function narrowPages(range: PageRange, pages: readonly number[], found: number): PageRange {
  return { first: found, end: pages.find((page) => page > found) ?? range.end };
}
