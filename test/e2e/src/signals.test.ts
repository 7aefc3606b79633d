/**
 * The three signals of one real process, as whoever operates it receives them: spans by OTLP over HTTP, log lines and access
 * log from its standard output. They are held against OpenTelemetry's conventions and against each other.
 */
import { answerFor, type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { breachesOf } from './conventions.ts';
import { FAULTS, strike } from './faults.ts';
import { CLIENT_KEY, configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { type Collector, openCollector, type ReceivedSpan } from './otlp-collector.ts';

/** In each prompt, so that it can be looked for where it must not be. */
const MARKER = 'whispered';

const ALL = ['workspace-1', 'workspace-2', 'workspace-3'];
const FRAGILE = 'mistral-medium-latest';

/** Of the caller's own trace. */
const CALLER = '00f067aa0ba902b7';
const traceOf = (number: number) => number.toString(16).padStart(32, 'a');

type Line = Readonly<Record<string, unknown>>;

let simulator: Simulator;
let collector: Collector;
let gateway: GatewayProcess;
let lines: readonly Line[];

interface Asked {
  readonly id: string;
  readonly path?: string;
  readonly body?: object;
  readonly traceparent?: string;
  readonly leaves?: boolean;
}

const messagesOf = (id: string) => [{ role: 'user' as const, content: `${MARKER} ${id} [words=12]` }];

/** Reads the answer to its end, or leaves once it has begun. */
async function ask({ id, path = '/v1/chat/completions', body, traceparent, leaves }: Asked): Promise<number> {
  const response = await fetch(gateway.dataUrl + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${CLIENT_KEY}`,
      'content-type': 'application/json',
      'x-request-id': id,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    body: JSON.stringify({ model: 'mistral-small-latest', messages: messagesOf(id), ...body }),
  });
  if (leaves === true) await response.body?.cancel();
  else await response.arrayBuffer();
  return response.status;
}

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: { firstTokenMs: 10, perTokenMs: 10 },
  });
  collector = await openCollector();
  const route = { pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]] };
  gateway = await startGateway(
    configFor(simulator, {
      routes: {
        'mistral-small-latest': route,
        [FRAGILE]: { pools: [[{ provider: 'mistral' }]], recovery: 'error' },
        '*': { pools: [[{ provider: 'mistral' }]] },
      },
      // No draw: what is traced is what somebody will look at, and what the caller wants traced.
      telemetry: { logLevel: 'debug', traceSampling: 0, traceSlowMs: 1000, otlp: { endpoint: collector.url } },
    }),
  );
  await haveExchanges();
  await gateway.stop();
  // The last of its output comes by another way than its end.
  await vi.waitUntil(() => linesOf('drain-ended').length === 1, { timeout: 10_000 });
  lines = linesOf();
}, 60_000);

afterAll(async () => {
  await simulator.close();
  await collector[Symbol.asyncDispose]();
});

async function haveExchanges(): Promise<void> {
  const sampled = (number: number) => `00-${traceOf(number)}-${CALLER}-01`;
  await ask({ id: 'plain' });
  await ask({ id: 'caller-says-no', traceparent: `00-${traceOf(1)}-${CALLER}-00` });
  await ask({
    id: 'stream',
    body: { stream: true },
    traceparent: sampled(2),
    path: '/openai/v1/chat/completions?key=x',
  });
  await ask({
    id: 'fim',
    path: '/v1/fim/completions',
    body: { model: 'codestral-latest', prompt: `${MARKER} fim`, messages: undefined },
    traceparent: sampled(3),
  });
  await ask({
    id: 'embeddings',
    path: '/v1/embeddings',
    body: { model: 'mistral-embed', input: [`${MARKER} embeddings`], messages: undefined },
    traceparent: sampled(4),
  });
  await ask({ id: 'left', body: { stream: true }, traceparent: sampled(5), leaves: true });
  const struck = async (effect: (typeof FAULTS)[string] | undefined, asked: Asked, alsoBackup = false) => {
    if (effect === undefined) throw new Error('there is no such fault');
    const backup = alsoBackup ? [{ when: { personality: 'openai' as const }, effect }] : [];
    simulator.faults.set([...strike(effect, ALL), ...backup]);
    await ask(asked);
    simulator.faults.clear();
  };
  await struck({ kind: 'latency', firstTokenMs: 1500 }, { id: 'slow', body: { stream: true } });
  await struck(FAULTS['status 500'], { id: 'moved' });
  await struck(FAULTS['status 500'], { id: 'failed', traceparent: sampled(6) }, true);
  await struck(FAULTS['a reset in the middle'], { id: 'broken', body: { stream: true, model: FRAGILE } });
  await struck(FAULTS['a rate limit'], { id: 'limited' }, true);
}

function linesOf(event?: string): Line[] {
  return gateway
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => event === undefined || line['event'] === event);
}

const servers = () => collector.spans.filter(({ kind }) => kind === 'SERVER');

function serverOf(id: string): ReceivedSpan | undefined {
  return servers().find(({ attributes }) => attributes['leeward.request.id'] === id);
}

function attemptsOf(id: string): readonly ReceivedSpan[] {
  const server = serverOf(id);
  return collector.spans
    .filter(({ parentSpanId }) => parentSpanId !== '' && parentSpanId === server?.spanId)
    .toSorted((one, other) => one.startMs - other.startMs);
}

const lineOf = (id: string) =>
  lines.filter(({ requestId, event }) => requestId === id && event === 'exchange-finished');

describe('the spans', () => {
  test('are those of what the caller wants traced, and of errors, failovers and slow ones', () => {
    const told = servers().map(({ attributes }) => [
      attributes['leeward.request.id'],
      attributes['leeward.trace.reason'],
    ]);
    expect(told).toEqual([
      ['stream', 'sampled'],
      ['fim', 'sampled'],
      ['embeddings', 'sampled'],
      ['left', 'sampled'],
      ['slow', 'slow'],
      ['moved', 'failover'],
      ['failed', 'error'],
      ['broken', 'error'],
      ['limited', 'error'],
    ]);
  });

  test('are as the conventions of HTTP and GenAI have them', () => {
    expect(collector.spans.flatMap(breachesOf)).toEqual([]);
  });

  test('hang together: one server in each trace, its attempts under it and within its time', () => {
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(collector.spans.length);
    expect(new Set(servers().map(({ traceId }) => traceId)).size).toBe(servers().length);
    for (const { traceId, spanId, kind, parentSpanId, startMs, endMs } of collector.spans) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      if (kind === 'SERVER') continue;
      const parent = servers().find((server) => server.spanId === parentSpanId);
      expect(parent?.traceId).toBe(traceId);
      expect(startMs).toBeGreaterThanOrEqual(parent?.startMs ?? Number.POSITIVE_INFINITY);
      expect(endMs).toBeLessThanOrEqual(parent?.endMs ?? 0);
    }
  });

  test('carry on the caller’s trace, and begin one where there is none', () => {
    expect(serverOf('stream')).toMatchObject({ traceId: traceOf(2), parentSpanId: CALLER });
    expect(serverOf('failed')).toMatchObject({ traceId: traceOf(6), parentSpanId: CALLER });
    expect(serverOf('slow')?.parentSpanId).toBe('');
  });

  test('tell each attempt of a failover, with its vendor and its end', () => {
    const told = attemptsOf('moved').map(({ status, attributes }) => [
      attributes['gen_ai.provider.name'],
      attributes['gen_ai.request.model'],
      attributes['http.response.status_code'],
      status,
      attributes['error.type'],
    ]);
    expect(told.length).toBeGreaterThan(1);
    for (const failed of told.slice(0, -1)) {
      expect(failed).toEqual(['mistral_ai', 'mistral-small-latest', 500, 'ERROR', 'status-5xx']);
    }
    expect(told.at(-1)).toEqual(['openai', 'gpt-5-mini', 200, 'UNSET', undefined]);
    const { port, hostname } = new URL(simulator.openaiUrl);
    expect(attemptsOf('moved').at(-1)?.attributes).toMatchObject({
      'server.address': hostname,
      'server.port': Number(port),
      'url.full': `${simulator.openaiUrl}/v1/chat/completions`,
      'leeward.pick.reason': 'next-pool',
    });
  });

  test('count tokens once, where the answer came from', () => {
    const counted = collector.spans.filter(({ attributes }) => attributes['gen_ai.usage.output_tokens'] !== undefined);
    expect(counted.every(({ kind }) => kind === 'CLIENT')).toBe(true);
    expect(counted.filter(({ parentSpanId }) => parentSpanId === serverOf('moved')?.spanId)).toHaveLength(1);
  });

  test('name what a model was asked for, and when it began to answer', () => {
    expect(attemptsOf('fim')[0]?.attributes).toMatchObject({ 'gen_ai.operation.name': 'text_completion' });
    expect(attemptsOf('embeddings')[0]?.name).toBe('embeddings mistral-embed');
    expect(attemptsOf('slow')[0]?.attributes).toMatchObject({ 'gen_ai.request.stream': true });
    expect(attemptsOf('slow')[0]?.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(1.4);
  });

  test('blame a server for its own failures, and not for what it was asked', () => {
    const told = ['failed', 'broken', 'limited', 'left'].map((id) => {
      const { status, attributes } = serverOf(id) ?? {};
      return [
        status,
        attributes?.['http.response.status_code'],
        attributes?.['error.type'],
        attributes?.['leeward.error.code'],
      ];
    });
    expect(told).toEqual([
      ['ERROR', 502, 'GW_UPSTREAM_FAILED', 'GW_UPSTREAM_FAILED'],
      ['ERROR', 200, 'GW_STREAM_BROKEN', 'GW_STREAM_BROKEN'],
      ['UNSET', 429, undefined, 'GW_QUOTA_EXHAUSTED'],
      ['UNSET', 499, undefined, undefined],
    ]);
  });

  test('tell the path without what a client hid in its query', () => {
    expect(serverOf('stream')?.attributes).toMatchObject({
      'url.path': '/openai/v1/chat/completions',
      'http.route': '/v1/chat/completions',
      'url.scheme': 'http',
    });
    expect(collector.raw()).not.toContain('key=x');
  });
});

describe('the log', () => {
  test('is JSON of the same service and instance as the spans', () => {
    const [resource] = collector.spans.map((span) => span.resource);
    expect(resource?.['service.version']).toMatch(/^\d+\.\d+\.\d+/);
    for (const { time, level, service, instance, event } of lines) {
      expect(Number.isNaN(Date.parse(String(time)))).toBe(false);
      expect(['debug', 'info', 'warn', 'error']).toContain(level);
      expect([service, instance]).toEqual([resource?.['service.name'], resource?.['service.instance.id']]);
      expect(event).toMatch(/^[a-z]+(-[a-z]+)+$/);
    }
  });

  test('carries ids of traces that were sent, and of all that were', () => {
    const logged = lines.flatMap(({ trace_id }) => (typeof trace_id === 'string' ? [trace_id] : []));
    expect(new Set(logged)).toEqual(new Set(servers().map(({ traceId }) => traceId)));
    for (const { traceId, attributes } of servers()) {
      const [line] = lineOf(String(attributes['leeward.request.id']));
      expect(line?.['trace_id']).toBe(traceId);
    }
    for (const id of ['plain', 'caller-says-no']) expect(lineOf(id)[0]).not.toHaveProperty('trace_id');
  });
});

describe('the access log', () => {
  const IDS = [
    'plain',
    'caller-says-no',
    'stream',
    'fim',
    'embeddings',
    'left',
    'slow',
    'moved',
    'failed',
    'broken',
    'limited',
  ];

  test.each(IDS)('has one line for each exchange, and in it all but content: %s', (id) => {
    const [line, ...more] = lineOf(id);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      client: 'e2e',
      surface: expect.stringMatching(/^(chat|fim|embeddings)$/),
      dialect: expect.stringMatching(/^(mistral|openai)$/),
      stream: expect.any(Boolean),
      route: expect.any(String),
      model: expect.any(String),
      status: expect.any(Number),
      end: expect.any(String),
      target: expect.stringMatching(/^\w+\/\w+\/[\w.-]+$/),
      pool: expect.any(Number),
      attempts: expect.any(Number),
      durationMs: expect.any(Number),
    });
  });

  test('says how each ended, and which way it took', () => {
    const told = IDS.map((id) => {
      const [line] = lineOf(id);
      return [id, line?.['status'], line?.['end'], line?.['code'], typeof line?.['outcomes']];
    });
    expect(told).toEqual([
      ['plain', 200, 'answered', undefined, 'undefined'],
      ['caller-says-no', 200, 'answered', undefined, 'undefined'],
      ['stream', 200, 'streamed', undefined, 'undefined'],
      ['fim', 200, 'answered', undefined, 'undefined'],
      ['embeddings', 200, 'answered', undefined, 'undefined'],
      ['left', 499, 'cancelled', undefined, 'undefined'],
      ['slow', 200, 'streamed', undefined, 'undefined'],
      ['moved', 200, 'answered', undefined, 'string'],
      ['failed', 502, 'refused', 'GW_UPSTREAM_FAILED', 'string'],
      ['broken', 200, 'broken', 'GW_STREAM_BROKEN', 'undefined'],
      ['limited', 429, 'refused', 'GW_QUOTA_EXHAUSTED', 'string'],
    ]);
  });

  test('counts tokens of what was answered, and times first tokens of streams', () => {
    for (const id of ['plain', 'stream', 'moved']) {
      expect(lineOf(id)[0]).toMatchObject({ promptTokens: expect.any(Number), completionTokens: expect.any(Number) });
    }
    expect(lineOf('slow')[0]?.['firstTokenMs']).toBeGreaterThan(1400);
  });
});

test('none of the three holds what was said, or a key', () => {
  const everything = collector.raw() + gateway.output();
  const answers = ['plain', 'stream', 'moved'].map((id) => answerFor({ messages: messagesOf(id) }).text.slice(0, 30));
  const keys = [CLIENT_KEY, 'sim-key-a', 'sim-key-b', 'sim-key-c', 'sim-openai-key'];
  for (const secret of [MARKER, ...answers, ...keys]) expect(everything).not.toContain(secret);
});
