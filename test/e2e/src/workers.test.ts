import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_KEY, configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { scrape } from './metrics-page.ts';
import { callRaw } from './raw-client.ts';
import { chatAll, clientOf, isAnswered } from './traffic.ts';

const WORKERS = 2;
const PATIENT = { timeout: 20_000, interval: 20 };

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    // Streams of about four seconds: long enough to be caught in the middle by what follows.
    latency: { firstTokenMs: 20, perTokenMs: 40 },
  });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

async function start(more: object = {}): Promise<GatewayProcess> {
  gateway = await startGateway(configFor(simulator, more), ['--workers', String(WORKERS)]);
  return gateway;
}

/** The primary has no other children. */
async function workersOf({ pid }: GatewayProcess): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

/** A chat on a connection of its own. */
async function ask(running: GatewayProcess): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  const { status } = await callRaw(agent, {
    url: `${running.dataUrl}/v1/chat/completions`,
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mistral-small-latest', messages: [{ role: 'user', content: 'ask [words=1]' }] }),
  });
  expect(status).toBe(200);
}

interface Row {
  readonly worker: number;
  readonly id?: string;
  readonly key?: string;
  readonly inFlight?: number;
  readonly problem?: string;
}

async function rows(running: GatewayProcess, name: 'targets' | 'decisions'): Promise<readonly Row[]> {
  const response = await fetch(`${running.adminUrl}/admin/${name}`);
  return ((await response.json()) as Record<string, readonly Row[]>)[name] ?? [];
}

interface Ready {
  readonly status: string;
  readonly inFlight: number;
  readonly degraded?: readonly string[];
}

async function ready(running: GatewayProcess): Promise<{ code: number } & Ready> {
  const response = await fetch(`${running.adminUrl}/healthz/ready`);
  return { code: response.status, ...((await response.json()) as Ready) };
}

/** How many attempts of each worker run now. */
async function inFlightByWorker(running: GatewayProcess): Promise<Map<number, number>> {
  const sums = new Map<number, number>();
  for (const { worker, inFlight = 0 } of await rows(running, 'targets')) {
    sums.set(worker, (sums.get(worker) ?? 0) + inFlight);
  }
  return sums;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Streams on a connection each, all of them begun when this resolves. */
async function beginStreams(running: GatewayProcess, count: number, name: string) {
  const streams = Array.from({ length: count }, (_, index) =>
    isAnswered(clientOf(running), { name: `${name} ${index}`, words: 100, stream: true }),
  );
  await expect.poll(() => simulator.state().total.inFlight, PATIENT).toBe(count);
  return streams;
}

describe('a node of two workers', () => {
  test('serves with both on one port, and shows them as one', async () => {
    const running = await start();
    expect(await workersOf(running)).toHaveLength(WORKERS);
    const tally = await chatAll(clientOf(running), 60, 'shared');
    expect(tally.errors).toEqual([]);
    expect(tally.right).toBe(60);

    const decisions = await rows(running, 'decisions');
    expect(decisions).toHaveLength(60);
    const served = Map.groupBy(decisions, ({ worker }) => worker);
    expect(new Set(served.keys())).toEqual(new Set([1, 2]));
    // As many connections each; a chat takes whichever of them is free.
    for (const { length } of served.values()) expect(length).toBeGreaterThan(15);

    const page = await scrape(running);
    expect(page.sum('leeward_requests_total')).toBe(60);
    expect(page.sum('leeward_requests_total', { status: '200' })).toBe(60);
    expect(page.sum('leeward_request_duration_seconds_count')).toBe(60);
    expect(page.sum('leeward_request_duration_seconds_bucket', { le: '+Inf' })).toBe(60);
    expect(page.sum('leeward_attempts_total')).toBe(simulator.state().total.seen);
    expect(page.sum('leeward_workers')).toBe(WORKERS);
    const targets = await rows(running, 'targets');
    expect(targets.map(({ worker }) => worker)).toEqual(targets.map((_, index) => (index % WORKERS) + 1));
    expect(await ready(running)).toEqual({ code: 200, status: 'ready', degraded: [], inFlight: 0 });
  });

  test('kill -9 of one costs what it had under way, nothing of the other’s, and it comes back', async () => {
    const running = await start();
    await chatAll(clientOf(running), 20, 'before');
    const counted = async () => (await scrape(running)).sum('leeward_requests_total');
    await expect.poll(counted, PATIENT).toBe(20);
    const streams = await beginStreams(running, 40, 'struck');
    const shares = [...(await inFlightByWorker(running)).values()];
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(40);

    const [doomed = 0] = await workersOf(running);
    process.kill(doomed, 'SIGKILL');
    await expect.poll(() => ready(running), PATIENT).toMatchObject({ code: 200, degraded: ['worker-restarting'] });
    // Who comes now is served by the one that is left.
    const meanwhile = await chatAll(clientOf(running), 20, 'meanwhile', { words: 5 });
    expect(meanwhile.errors).toEqual([]);
    const done = await Promise.all(streams);
    expect(shares).toContain(done.filter((isRight) => !isRight).length);

    await expect.poll(() => ready(running), PATIENT).toEqual({ code: 200, status: 'ready', degraded: [], inFlight: 0 });
    expect(running.output()).toContain('"event":"worker-ended"');
    expect((await workersOf(running)).includes(doomed)).toBe(false);
    const page = await scrape(running);
    expect(page.sum('leeward_worker_restarts_total')).toBe(1);
    expect(page.sum('leeward_workers')).toBe(WORKERS);
    // What the dead one had counted when it was last looked at still counts.
    expect(page.sum('leeward_requests_total')).toBe(20 + 20 + done.filter(Boolean).length);

    // It is dealt the next connections, until it has as many as the other.
    await expect
      .poll(async () => {
        await ask(running);
        return new Set((await rows(running, 'decisions')).slice(0, 5).map(({ worker }) => worker)).size;
      }, PATIENT)
      .toBe(WORKERS);
  });

  test('SIGTERM finishes the streams of both, and then the node exits with 0', async () => {
    const running = await start();
    const streams = await beginStreams(running, 60, 'drained');
    const pids = await workersOf(running);
    running.signal('SIGTERM');
    await expect.poll(() => ready(running), PATIENT).toMatchObject({ code: 503, status: 'draining' });
    await expect.poll(() => fetch(`${running.dataUrl}/v1/models`).catch(() => 'refused'), PATIENT).toBe('refused');
    expect(await Promise.all(streams)).toEqual(streams.map(() => true));
    expect(await running.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('a second Ctrl-C ends it at once, workers included', async () => {
    const running = await start();
    const streams = await beginStreams(running, 10, 'interrupted');
    const pids = await workersOf(running);
    running.signal('SIGINT');
    await expect.poll(running.output, PATIENT).toContain('Ctrl-C again stops at once');
    running.signal('SIGINT');
    expect(await running.exited).toBe(130);
    await expect.poll(() => pids.filter(isAlive), PATIENT).toEqual([]);
    expect(await Promise.all(streams)).toEqual(streams.map(() => false));
  });

  test('its workers end with it, though it is killed', async () => {
    const running = await start();
    const pids = await workersOf(running);
    expect(pids).toHaveLength(WORKERS);
    running.signal('SIGKILL');
    await expect.poll(() => pids.filter(isAlive), PATIENT).toEqual([]);
  });

  test('SIGTERM to one worker alone replaces it without an error', async () => {
    const running = await start();
    const streams = await beginStreams(running, 20, 'replaced');
    const [replaced = 0] = await workersOf(running);
    process.kill(replaced, 'SIGTERM');
    const meanwhile = await chatAll(clientOf(running), 20, 'meanwhile', { words: 5 });
    expect(meanwhile.errors).toEqual([]);
    expect(await Promise.all(streams)).toEqual(streams.map(() => true));
    await expect.poll(() => workersOf(running), PATIENT).not.toContain(replaced);
    await expect.poll(() => ready(running), PATIENT).toMatchObject({ code: 200, degraded: [] });
    expect(await workersOf(running)).toHaveLength(WORKERS);
  });

  test('takes a new config over in both, and tells of one that is refused once', async () => {
    const running = await start({ telemetry: { logLevel: 'info', accessLog: false } });
    const reloads = (result: string) => async () =>
      (await scrape(running)).sum('leeward_config_reloads_total', { result });
    const keys = async () => (await rows(running, 'targets')).map(({ worker, id = '' }) => `${worker} ${id}`);
    const before = await keys();
    expect(before).toHaveLength(4 * WORKERS);

    await running.rewriteConfig({ ...configFor(simulator), routes: { broken: { pools: [[{ provider: 'nobody' }]] } } });
    await expect.poll(reloads('failed'), PATIENT).toBe(1);
    await expect.poll(running.output, PATIENT).toContain('"event":"config-refused"');
    expect(await keys()).toEqual(before);
    expect((await scrape(running)).sum('leeward_config_last_reload_success')).toBe(0);

    const [doomed = 0] = await workersOf(running);
    const routes = { 'mistral-large-latest': { pools: [[{ provider: 'mistral' }]] } };
    await running.rewriteConfig(configFor(simulator, { routes, telemetry: { logLevel: 'info', accessLog: false } }));
    await expect.poll(reloads('ok'), PATIENT).toBe(1);
    await expect.poll(running.output, PATIENT).toContain('"event":"config-reloaded"');
    const after = await keys();
    expect(after).toHaveLength(3 * WORKERS);
    expect(after.every((key) => key.endsWith('/mistral-large-latest'))).toBe(true);
    expect((await scrape(running)).sum('leeward_config_last_reload_success')).toBe(1);
    expect(running.output().match(/"event":"config-(?:refused|reloaded)"/g)).toHaveLength(2);

    // One that begins later begins with it.
    process.kill(doomed, 'SIGKILL');
    await expect.poll(async () => (await workersOf(running)).includes(doomed), PATIENT).toBe(false);
    await expect.poll(() => keys(), PATIENT).toEqual(after);
  });

  test('answers its admins, and its clients, while one worker hangs', async () => {
    const running = await start();
    await chatAll(clientOf(running), 20, 'before', { words: 5 });
    await expect.poll(async () => (await scrape(running)).sum('leeward_requests_total'), PATIENT).toBe(20);
    const [frozen = 0] = await workersOf(running);
    process.kill(frozen, 'SIGSTOP');
    try {
      expect((await rows(running, 'targets')).filter(({ problem }) => problem === 'does not answer')).toHaveLength(1);
      expect(await ready(running)).toMatchObject({ code: 200, status: 'ready' });
      const page = await scrape(running);
      expect(page.sum('leeward_workers')).toBe(1);
      // Shown as it was seen last, or a reader would count it twice when it wakes.
      expect(page.sum('leeward_requests_total')).toBe(20);
      expect((await fetch(`${running.adminUrl}/console`)).status).toBe(200);
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    await expect.poll(async () => (await scrape(running)).sum('leeward_workers'), PATIENT).toBe(WORKERS);
  });

  test('a connection that was dealt to a worker and not yet taken when it died is served by the other', async () => {
    const running = await start();
    const [frozen = 0] = await workersOf(running);
    process.kill(frozen, 'SIGSTOP');
    // It is dealt some of these, and no more once it is seen to take none.
    const asked = Array.from({ length: 20 }, () => ask(running));
    await expect.poll(async () => (await rows(running, 'decisions')).length, PATIENT).toBeGreaterThan(5);
    process.kill(frozen, 'SIGKILL');
    await Promise.all(asked);
    expect((await rows(running, 'decisions')).filter(({ problem }) => problem === undefined)).toHaveLength(20);
  });

  test('drains when its admin says so, those that begin later included', async () => {
    const running = await start();
    expect((await fetch(`${running.adminUrl}/admin/drain`, { method: 'POST' })).status).toBe(202);
    const closes = async () => {
      const response = await fetch(`${running.dataUrl}/v1/models`, {
        headers: { authorization: `Bearer ${CLIENT_KEY}` },
      });
      await response.arrayBuffer();
      return response.headers.get('connection');
    };
    await expect.poll(closes, PATIENT).toBe('close');
    for (const pid of await workersOf(running)) process.kill(pid, 'SIGKILL');
    await expect.poll(() => closes().catch(() => 'refused'), PATIENT).toBe('close');
    expect(await ready(running)).toMatchObject({ code: 503, status: 'draining' });
  });
});

test('a port that is taken is told as it is of one process', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  const port = await new Promise<number>((resolve) => {
    taken.once('listening', () => {
      const address = taken.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const listen = { data: `127.0.0.1:${port}`, admin: '127.0.0.1:0' };
  const starting = startGateway(configFor(simulator, { listen }), ['--workers', String(WORKERS)]);
  await expect(starting).rejects.toThrow(
    `leeward cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}: stop what listens there`,
  );
  await new Promise((resolve) => taken.close(resolve));
});
