/**
 * `npm run cluster`: three nodes, a real NATS server between them, a simulated Mistral of five workspaces, steady traffic
 * by SDK clients, and one trouble after the other, to be watched here and in the nodes' consoles. Until Ctrl-C.
 *
 *   --seconds 60       ends by itself
 *   --per-second 30    chats, 1 to 500
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { peersOf } from './admin-pages.ts';
import { CLIENT_KEY, Cluster, ROUTE } from './cluster.ts';
import { Load } from './load.ts';
import { SCENES } from './scenes.ts';
import { watch } from './watch.ts';

const TELL_EVERY_MS = 5000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, 'per-second': { type: 'string', default: '30' } },
  });
  const perSecond = wholeNumber('per-second', values['per-second'], 500);
  const forMs = values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds, 86_400) * 1000;
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());

  const cluster = await Cluster.start();
  try {
    for (const line of welcomeLines(cluster)) console.log(line);
    const load = new Load(cluster.nodes, { perSecond }).start();
    const over = forMs === undefined ? undefined : setTimeout(() => stop.abort(), forMs);
    const startedMs = performance.now();
    const say = (line: string) => {
      if (!stop.signal.aborted)
        console.log(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
    };
    const parts = [
      play(cluster, say, stop.signal),
      watch(cluster, say, stop.signal),
      tell(cluster, load, say, stop.signal),
    ];
    // The first that fails ends the others, which would go on for ever.
    await Promise.all(parts).finally(() => stop.abort());
    clearTimeout(over);
    // Told before the end: Ctrl-C reaches the nodes as well, and what it breaks is nobody's failure.
    console.log(`\n${sumOf(load)}`);
    await load.stop();
  } finally {
    await cluster.stop();
  }
}

function welcomeLines({ nodes, nats, simulator }: Cluster): readonly string[] {
  const body = { model: ROUTE, stream: true, messages: [{ role: 'user', content: 'Say hello' }] };
  return [
    'Leeward cluster: three nodes of one config. Nothing here leaves this machine.',
    '',
    ...nodes.map(({ name, dataUrl, adminUrl }) => `  ${name}     data ${dataUrl}   console ${adminUrl}/console`),
    `  NATS       ${nats.url}`,
    `  simulator  ${simulator.mistralUrl}`,
    '',
    'Try any node:',
    '',
    `  curl -N ${nodes[0]?.dataUrl ?? ''}/v1/chat/completions -H 'authorization: Bearer ${CLIENT_KEY}' -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
    `  curl ${nodes[0]?.adminUrl ?? ''}/admin/peers`,
    '',
    'Ctrl-C ends.',
    '',
  ];
}

async function play(cluster: Cluster, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  for (let scene = 0; !signal.aborted; scene++) {
    const { says, begin, forSeconds } = SCENES[scene % SCENES.length] ?? {
      says: '',
      begin: () => Promise.resolve(),
      forSeconds: 1,
    };
    say(`--- ${says}`);
    await begin(cluster);
    await pause(forSeconds * 1000, signal);
  }
}

async function tell(cluster: Cluster, load: Load, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(TELL_EVERY_MS, signal);
    const peers = await Promise.all(
      cluster.nodes.map((node) =>
        peersOf(node).then(
          (page) => `${page.peers.length}`,
          () => 'away',
        ),
      ),
    );
    say(`${sumOf(load)}; peers seen: ${peers.join(', ')}`);
  }
}

function sumOf({ records, sent }: Load): string {
  const count = (wanted: string) => records.filter(({ state }) => state === wanted).length;
  const elsewhere = records.filter(({ nodes }) => nodes.length > 1).length;
  const kept = sent === records.length ? '' : `of the last ${records.length} of ${sent} chats `;
  return `${kept}${count('right')} answered, ${count('failed')} failed, ${count('wrong')} wrong; ${elsewhere} asked a second node`;
}

/** Ends early, and quietly, with the signal. */
async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  await sleep(forMs, undefined, { signal }).catch(() => undefined);
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new Error(`--${name} takes a whole number from 1 to ${most}, not ${text}`);
}

try {
  await main();
} catch (error) {
  console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
