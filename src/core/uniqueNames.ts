/** The same names, each only once: the second `id` becomes `id_2`, or the next number that is free. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let count = 2;
    while (taken.has(`${name}_${count}`)) count++;
    const unique = `${name}_${count}`;
    taken.add(unique);
    return unique;
  });
}
