/**
 * A gateway's admin port as the page sees it, with nothing behind it: two hundred targets, twenty nodes, and news of all
 * of them once a second. For what must be the same each time; the real gateway stands in the other tests.
 */
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const DIST = join(import.meta.dirname, '../../../services/console/dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const ROUTES = 10;
const KEYS = 20;
const PEERS = 19;
const STATES = ['breaker-open', 'quota-cooldown', 'slow-start', 'held'] as const;

export interface StubNode extends AsyncDisposable {
  readonly url: string;
}

export async function openStubNode(): Promise<StubNode> {
  const files = new Map<string, Buffer>();
  for (const name of ['index.html', ...(await readdir(join(DIST, 'assets'))).map((file) => `assets/${file}`)]) {
    files.set(name, await readFile(join(DIST, name)));
  }
  const listeners = new Set<ServerResponse>();
  let second = 0;
  const tell = (): void => {
    second++;
    const text = `event: view\ndata: ${JSON.stringify(viewAt(second))}\n\n`;
    for (const listener of listeners) listener.write(text);
  };
  const timer = setInterval(tell, 1000);
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path === '/admin/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      listeners.add(response);
      response.once('close', () => listeners.delete(response));
      tell();
      return;
    }
    if (path === '/admin/history')
      response.end(JSON.stringify({ stepMs: 2000, targets: {}, routes: {}, failures: {} }));
    else if (path === '/admin/decisions') response.end(JSON.stringify({ decisions: [] }));
    else {
      const name = path === '/console' ? 'index.html' : path.replace(/^\/console\//, '');
      const file = files.get(name);
      response.writeHead(file === undefined ? 404 : 200, { 'content-type': TYPES[extname(name)] ?? 'text/plain' });
      response.end(file);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/console`,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Every figure of every target is another one in every second: the most that a second can bring. */
function viewAt(second: number): object {
  const targets = Array.from({ length: ROUTES * KEYS }, (_, place) => targetAt(place, second));
  return {
    about: { node: 'node-1', version: '0.1.0', workers: 1 },
    access: 'loopback',
    status: 'ready',
    degraded: [],
    inFlight: 400 + wave(second, 40),
    targets,
    routes: Array.from({ length: ROUTES }, (_, route) => ({
      name: `model-${route}`,
      picker: 'adaptive',
      pools: [
        targets.slice(route * KEYS, route * KEYS + KEYS / 2),
        targets.slice(route * KEYS + KEYS / 2, (route + 1) * KEYS),
      ].map((pool) => pool.map(({ id }) => ({ id, weight: 1, load: 300 + wave(second * 3 + id.length, 250) }))),
    })),
    tallies: Object.fromEntries(
      Array.from({ length: ROUTES }, (_, route) => [
        `model-${route}`,
        { requests: second * (40 + route * 9), failed: second * (route % 3) },
      ]),
    ),
    decisions: Array.from({ length: 16 }, (_, place) => decisionAt(place, second)),
    untold: 380,
    cluster: {
      self: { peer: 'node-1', epoch: 1, health: 0, bus: 'connected', intervalMs: 250 },
      peers: Array.from({ length: PEERS }, (_, place) => ({
        peer: `node-${place + 2}`,
        ageMs: 100 + wave(second + place, 200),
        health: 0,
        draining: false,
        targets: targets.length,
        waits:
          place % 5 === 0 ? [{ key: 'quota:mistral/w1', reason: 'quota-cooldown', forMs: 9000 - second * 10 }] : [],
      })),
      shares: [],
    },
  };
}

function targetAt(place: number, second: number): { readonly id: string; readonly [more: string]: unknown } {
  const key = `key-${place % KEYS}`;
  const model = `model-${Math.floor(place / KEYS)}`;
  const ails = (place + Math.floor(second / 3)) % 11 === 0;
  const state = ails ? (STATES[place % STATES.length] ?? 'held') : 'available';
  return {
    id: `mistral/${key}/${model}`,
    provider: 'mistral',
    key,
    model,
    state,
    weight: 1,
    quotaGroup: `workspace-${place % KEYS}`,
    lastOutcome: 'ok',
    inFlight: wave(second + place, 30),
    headroom: wave(second + place * 7, 100) / 100,
    freeInMs: ails ? 9000 - wave(second, 100) * 10 : 0,
    firstTokenMs: 250 + wave(second * 7 + place, 300),
    tokenMs: 12,
    faultShare: 0,
    ...(ails && {
      breaker: {
        state: 'open',
        lastTrip: { reason: 'consecutive-faults', agoMs: second * 100 },
        nextProbeInMs: 4000 - wave(second, 30) * 100,
        successShare: 0.4,
        samples: 50,
      },
    }),
    quota: {
      requestsPerMinute: 720,
      requestsRemaining: 720 - wave(second + place, 700),
      tokensPerMinute: 5_000_000,
      tokensRemaining: 5_000_000 - wave(second + place, 4_000_000),
      headroom: 0.5,
    },
    tally: {
      attempts: second * (3 + (place % 5)),
      failed: ails ? second : 0,
      promptTokens: second * 900,
      completionTokens: second * 300,
      costUsd: second * 0.0002,
    },
  };
}

function decisionAt(place: number, second: number): object {
  const target = `mistral/key-${place}/model-${place % ROUTES}`;
  const failed = place % 4 === 0;
  const candidates = Array.from({ length: 10 }, (_, key) => ({
    id: `mistral/key-${key}/model-${place % ROUTES}`,
    state: 'available',
    load: 300 + key,
  }));
  const attempt = { target, pool: 0, cause: 'first', candidates, afterMs: 0, tookMs: 300 };
  return {
    requestId: `request-${second}-${place}`,
    client: 'checkout',
    route: `model-${place % ROUTES}`,
    model: `model-${place % ROUTES}`,
    surface: 'chat',
    stream: true,
    picker: 'adaptive',
    affinity: 'none',
    status: 200,
    end: 'streamed',
    agoMs: place * 20,
    durationMs: 1200 + place,
    firstTokenMs: 300 + place,
    attempts: failed
      ? [
          { ...attempt, outcome: 'fault', reason: 'reset' },
          { ...attempt, target: candidates[3]?.id, cause: 'sibling', outcome: 'ok', afterMs: 310 },
        ]
      : [{ ...attempt, outcome: 'ok' }],
  };
}

/** Whole numbers from 0 to `height`, up and down. */
function wave(at: number, height: number): number {
  return Math.round(((Math.sin(at) + 1) / 2) * height);
}
