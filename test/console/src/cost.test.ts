/** What a listener costs a gateway of two hundred targets: less than a hundredth of a core, in processor time. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startNode } from './node-process.ts';

const MEASURED_MS = 15_000;

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

const MAX_CORE_SHARE = 0.01;

test('a view a second of two hundred targets costs less than one per cent of a core, whoever listens', async () => {
  const range = (count: number) => Array.from({ length: count }, (_, place) => place);
  await using node = await startNode(
    {
      auth: 'none',
      providers: {
        mistral: {
          dialect: 'mistral',
          baseUrl: 'http://127.0.0.1:9',
          keys: range(20).map((key) => ({ name: `key-${key}`, secret: `env:KEY_${key}` })),
        },
      },
      routes: Object.fromEntries(range(10).map((route) => [`model-${route}`, { pools: [[{ provider: 'mistral' }]] }])),
    },
    Object.fromEntries(range(20).map((key) => [`KEY_${key}`, `key-of-a-test-${key}`])),
  );
  // What the start costs is over by then.
  await sleep(3000);
  const idleMs = await processorTime(node.pid, MEASURED_MS);

  const left = new AbortController();
  let views = 0;
  let bytes = 0;
  const readers = range(4).map(async () => {
    const response = await fetch(`${node.adminUrl}/admin/events`, { signal: left.signal });
    for await (const piece of response.body ?? []) {
      const text = Buffer.from(piece as Uint8Array).toString();
      bytes += text.length;
      views += text.split('event: view\n').length - 1;
    }
  });
  await sleep(1000);
  const busyMs = await processorTime(node.pid, MEASURED_MS);
  left.abort();
  await Promise.allSettled(readers);

  const share = (busyMs - idleMs) / MEASURED_MS;
  const perView = Math.round(bytes / views / 1024);
  console.log(`${(share * 100).toFixed(2)} % of a core for ${readers.length} listeners, ${perView} KiB a view`);
  expect(views).toBeGreaterThan(readers.length * 8);
  expect(share).toBeLessThan(MAX_CORE_SHARE);
});

/** Of all threads of the process, while so much time passes. */
async function processorTime(pid: number, forMs: number): Promise<number> {
  const before = await ticks(pid);
  await sleep(forMs);
  return ((await ticks(pid)) - before) * TICK_MS;
}

async function ticks(pid: number): Promise<number> {
  // The second field is the command in brackets, and may hold blanks; user and system time are the 14th and 15th.
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
