/** "Did you mean": the known word closest to a mistyped one, or none when nothing is close enough to be meant. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const plain = plainForm(word);
  let best: string | undefined;
  // A third of the letters may be wrong; beyond that a suggestion is a guess and sends people astray.
  let bestDistance = Math.floor(plain.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain, plainForm(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** No key of the config is half as long; the bound keeps a pasted document out of a quadratic computation. */
const MAX_WORD = 64;

/** `base_url`, `base-url` and `baseURL` are all meant as `baseUrl`. */
function plainForm(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours (which is what fingers do most), each counting one. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
