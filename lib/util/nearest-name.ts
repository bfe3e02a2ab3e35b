/** The known name that is most like a name, for "did you mean"; none when all need more than `maxSlips` changes. */
export function nearestName(
  name: string,
  known: readonly string[],
  maxSlips = Number.POSITIVE_INFINITY,
): string | undefined {
  const [nearest] = [...known].sort((a, b) => distance(name, a) - distance(name, b));
  return nearest !== undefined && distance(name, nearest) <= maxSlips ? nearest : undefined;
}

/** Levenshtein distance, blind to case and underscores so that camelCase finds its setting. */
function distance(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.toLowerCase().replaceAll('_', ''));
  if (a === undefined || b === undefined) return 0;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
