/** Writes the chart's files that follow from others, and removes copies of what is no longer there. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chartFiles, presentCopies } from './chart-files.ts';
import { CHART } from './places.ts';

const wanted = chartFiles();
for (const path of presentCopies()) if (!wanted.has(path)) rmSync(join(CHART, path));
for (const [path, text] of wanted) {
  const place = join(CHART, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
}
console.log(`helm/leeward: ${[...wanted.keys()].join(', ')}`);
