/**
 * `npm run storms`: the real routing code in virtual weather, beside other ways to choose. Prints a table per storm and
 * one of the claims, and leaves out/storms.json (every seed) and out/storms.svg. What and how is told in docs/routing.md.
 *
 *   --seeds 20      how many times each storm is drawn
 *   --quick         three seeds: a look after a change
 *   --only S1,S4    these storms
 *   --check         fails when a claim of Leeward's does not hold
 *   --write-docs    runs nothing: puts the last full run's tables into docs/routing.md
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FULL_SEEDS, readPlan } from './plan.ts';
import { writeDocs } from './report/docs.ts';
import { recordOf, type StormsRecord } from './report/record.ts';
import { svg } from './report/svg.ts';
import { textReport } from './report/tables.ts';
import { runAll } from './run-all.ts';
import { STORMS } from './storms/catalogue.ts';

const OUT = fileURLToPath(new URL('../out/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../../docs/routing.md', import.meta.url));
const RECORD = join(OUT, 'storms.json');

async function main(): Promise<void> {
  const plan = readPlan(process.argv.slice(2));
  if (plan.writeDocs) {
    const last = JSON.parse(readFileSync(RECORD, 'utf8')) as StormsRecord; // Written by this file.
    const isFull = last.seeds >= FULL_SEEDS && last.storms.length === STORMS.length;
    if (!isFull) throw new Error(`the last run was not one of all storms with ${FULL_SEEDS} seeds or more`);
    writeDocs(DOCS, last);
    return;
  }
  const started = performance.now();
  const results = await runAll(plan, (line) => process.stderr.write(`${line}\n`));
  const record = recordOf(plan, results);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify(record, undefined, 1)}\n`);
  writeFileSync(join(OUT, 'storms.svg'), svg(record));
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`${textReport(record)}\n\nTook ${seconds} s; kept in ${OUT}\n`);
  const broken = record.judgements.flatMap(({ claims }) => claims.filter(({ holds }) => !holds));
  if (plan.check && broken.length > 0) throw new Error(`${broken.length} claims do not hold`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`storms: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
