/**
 * `npm run bench`: measures Leeward beside the bare upstream, two reverse proxies and three rivals, prints the tables and
 * leaves out/bench.json and out/bench.svg. What and how is told in docs/performance.md.
 *
 *   --quick                  about two minutes and a half: a look, not figures to publish
 *   --only nginx,leeward     these subjects (the direct way is always measured)
 *   --measure small,streams  these measures
 *   --measure pick           a pick alone, in some seconds: no subject is started
 *   --measure workers        what a second worker process gains, in two minutes: no other subject
 *   --rounds 7
 *   --write-docs             runs nothing: puts the last run's results into docs/performance.md
 *
 * Exits with 1 when a subject failed or an answer was wrong.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allowedCores, processorName } from './cpu.ts';
import { type Plan, readPlan } from './plan.ts';
import { Processes } from './processes.ts';
import { writeDocs } from './report/docs.ts';
import { Figures } from './report/figures.ts';
import { type BenchRecord, isPublishable, troubles } from './report/record.ts';
import { svg } from './report/svg.ts';
import { textReport } from './report/text.ts';
import { run } from './run.ts';

const OUT = fileURLToPath(new URL('../out/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url));
const RECORD = join(OUT, 'bench.json');

async function bench(plan: Plan): Promise<BenchRecord> {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and pins with taskset: it needs Linux');
  const dir = mkdtempSync(join(tmpdir(), 'leeward-bench-'));
  const processes = new Processes(dir);
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  // Before the orchestrator is pinned: then only its own core is left to it.
  const cores = allowedCores().length;
  const started = performance.now();
  try {
    const outcome = await run(plan, { processes, dir, say: (line) => process.stderr.write(`${line}\n`) });
    return {
      at: new Date().toISOString(),
      tookSeconds: Math.round((performance.now() - started) / 1000),
      machine: { processor: processorName(), cores, kernel: release(), node: process.version },
      plan,
      ...outcome,
    };
  } finally {
    await processes.stop();
  }
}

async function main(): Promise<void> {
  const plan = readPlan(process.argv.slice(2));
  if (plan.writeDocs) {
    const last = JSON.parse(readFileSync(RECORD, 'utf8')) as BenchRecord; // Written by this file.
    if (!isPublishable(last)) throw new Error('the last run was not a full one in which all subjects did well');
    writeDocs(DOCS, last);
    return;
  }
  const record = await bench(plan);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(RECORD, `${JSON.stringify(record, undefined, 1)}\n`);
  writeFileSync(join(OUT, 'bench.svg'), svg(record, new Figures(record)));
  process.stdout.write(`${textReport(record)}\n\nTook ${record.tookSeconds} s; kept in ${OUT}\n`);
  process.exitCode = troubles(record).length === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
