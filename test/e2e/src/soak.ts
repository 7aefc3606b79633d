/**
 * `npm run soak -- --minutes 10`: one real gateway under a steady mixed load for 1 to 120 minutes, while faults change
 * every 20 s, the config every 30 s, and its metrics are scraped every 5 s. Every answer is checked.
 *
 * Prints a table and, as its last line, all of it as JSON. Exits with 1 when an answer was wrong or missing, when memory
 * grows (soak/trend.ts says what that means), or when anything is still held once the load is over. Linux only: memory
 * and descriptors are read from /proc.
 *
 *   --minutes 10       1 to 120
 *   --per-second 100   1 to 1000
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { configFor, type GatewayProcess, inFlightOf, startGateway } from './gateway-process.ts';
import { SimulatorProcess } from '@leeward/test-cluster';
import { type LoadResult, sendLoad } from './soak/load.ts';
import { EMBEDDING_MODEL, WILDCARD_MODELS } from './soak/mix.ts';
import { heapMinimaOf, type Quiet, rssOf, type SoakRecord, tableOf, troublesOf } from './soak/verdict.ts';
import { type Vitals, vitalsOf } from './soak/vitals.ts';
import { phaseOf } from './soak/weather.ts';

const PHASE_MS = 20_000;
const RELOAD_MS = 30_000;
const SCRAPE_MS = 5000;

/** The watch looks every two seconds and lets a change settle; a reload asked for later than this may come too late. */
const LAST_RELOAD_MS = 10_000;

/** By then every connection that nobody uses has been closed: longer than the simulator keeps them (65 s). */
const QUIET_MS = 90_000;

const MINUTE_MS = 60_000;

/** Three configs in turn: the same, another limit (providers stay), another weight (the provider's sockets are new). */
function configOf(simulator: SimulatorProcess, turn: number): object {
  const config = configFor(simulator, {
    limits: { inFlight: turn % 3 === 1 ? 9000 : 10_000 },
    telemetry: { logLevel: 'error' },
  }) as { providers: { mistral: { keys: object[] } }; routes: Record<string, unknown> };
  const { mistral } = config.providers;
  if (turn % 3 === 2) mistral.keys = mistral.keys.map((key) => ({ ...key, weight: 2 }));
  const [route] = Object.values(config.routes) as { timeouts: object }[];
  const pools = [[{ provider: 'mistral' }]];
  config.routes[EMBEDDING_MODEL] = { ...route, pools };
  config.routes['*'] = { ...route, pools };
  return config;
}

async function soak({ minutes, perSecond }: { minutes: number; perSecond: number }): Promise<SoakRecord> {
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {}); // Told to whoever waits for it by then.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopped.reject(new Error(`stopped by ${name}`)));
  }
  const simulator = await SimulatorProcess.start({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    models: WILDCARD_MODELS.map((id) => ({ id })),
    latency: { firstTokenMs: { kind: 'uniform', fromMs: 5, toMs: 50 }, perTokenMs: 2 },
  });
  let gateway: GatewayProcess | undefined;
  try {
    gateway = await startGateway(configOf(simulator, 0));
    return await measure({ gateway, simulator, minutes, perSecond, stopped: stopped.promise });
  } finally {
    await gateway?.stop();
    await simulator.stop();
  }
}

async function measure(options: {
  readonly gateway: GatewayProcess;
  readonly simulator: SimulatorProcess;
  readonly minutes: number;
  readonly perSecond: number;
  /** Rejects when the process is told to stop. */
  readonly stopped: Promise<never>;
}): Promise<SoakRecord> {
  const { gateway, simulator, minutes, perSecond, stopped } = options;
  const forMs = minutes * MINUTE_MS;
  const before = await vitalsOf(gateway, 0);
  const vitals: Vitals[] = [];
  const over = new AbortController();
  const startedMs = performance.now();
  const load = sendLoad({ dataUrl: gateway.dataUrl, perSecond, forMs, signal: over.signal });
  let reloadsAsked = 0;
  const alongside = Promise.all([
    every(SCRAPE_MS, over.signal, async () => {
      vitals.push(await vitalsOf(gateway, performance.now() - startedMs));
    }),
    every(PHASE_MS, over.signal, async (turn) => {
      const { name, rules } = phaseOf(turn);
      await simulator.setFaults(rules);
      const last = vitals.at(-1);
      say(`${Math.round((performance.now() - startedMs) / 1000)} s: ${name}; ${last?.rssMiB.toFixed(0) ?? '-'} MiB`);
    }),
    every(RELOAD_MS, over.signal, async (turn) => {
      if (performance.now() - startedMs > forMs - LAST_RELOAD_MS) return;
      await gateway.rewriteConfig(configOf(simulator, turn));
      reloadsAsked++;
    }),
  ]);
  let result: LoadResult;
  try {
    // Whichever ends first: a probe that fails, or a person who has seen enough, must not wait for the end of an hour.
    result = await Promise.race([load, alongside.then(() => load), stopped]);
  } finally {
    over.abort();
  }
  await alongside;
  await simulator.setFaults([]);
  const most = (of: (one: Vitals) => number) => Math.max(...vitals.map(of));
  return {
    minutes,
    perSecond,
    load: result,
    rss: rssOf(vitals),
    heapMinima: heapMinimaOf(vitals),
    descriptorsBefore: before.descriptors,
    descriptorsMost: most(({ descriptors }) => descriptors),
    targetsMost: most(({ targets }) => targets),
    seriesMost: most(({ series }) => series),
    reloads: most(({ reloads }) => reloads),
    reloadsAsked,
    after: await quiet(gateway, simulator, before.descriptors),
  };
}

/** Waits until nothing is held any more, or says what still is. */
async function quiet(gateway: GatewayProcess, simulator: SimulatorProcess, descriptors: number): Promise<Quiet> {
  const untilMs = performance.now() + QUIET_MS;
  for (;;) {
    const now: Quiet = {
      inFlight: await inFlightOf(gateway),
      inFlightUpstream: (await simulator.state()).total.inFlight,
      descriptors: (await vitalsOf(gateway, 0)).descriptors,
    };
    const isQuiet = now.inFlight === 0 && now.inFlightUpstream === 0 && now.descriptors <= descriptors + 8;
    if (isQuiet || performance.now() > untilMs) return now;
    await sleep(1000);
  }
}

/** The first time after one period, so that the load's first seconds have none of it. */
async function every(periodMs: number, signal: AbortSignal, act: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 1; ; turn++) {
    try {
      await sleep(periodMs, undefined, { signal });
    } catch {
      // Only the signal ends a sleep early: the load is over.
      return;
    }
    await act(turn);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new Error(`--${name} takes a whole number from 1 to ${most}, not ${text}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      'per-second': { type: 'string', default: '100' },
    },
  });
  if (process.platform !== 'linux') throw new Error('the soak reads /proc: it needs Linux');
  const record = await soak({
    minutes: wholeNumber('minutes', values.minutes, 120),
    perSecond: wholeNumber('per-second', values['per-second'], 1000),
  });
  const troubles = troublesOf(record);
  process.stdout.write(`${tableOf(record, troubles)}\n\n${JSON.stringify({ ...record, troubles })}\n`);
  process.exitCode = troubles.length === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  say(`soak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
