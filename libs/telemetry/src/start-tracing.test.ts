import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { GatewayError, systemClock } from '@leeward/kernel';
import { seededRng } from '@leeward/testkit';
import { context, propagation, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ATTRIBUTE, type SpanAttributes } from './attributes.ts';
import { startTracing } from './start-tracing.ts';
import type { EndedSpan, TracingOptions } from './tracing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

/** OTLP's numbers for the kinds and for a failed status. */
const SERVER = 2;
const CLIENT = 3;
const FAILED = 2;

const attributesSchema = z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }));
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: attributesSchema,
  startTimeUnixNano: z.coerce.string(),
  endTimeUnixNano: z.coerce.string(),
  status: z.object({ code: z.number(), message: z.string().optional() }),
});
const exportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});
type ReceivedSpan = z.infer<typeof spanSchema>;

/** A collector that speaks OTLP over HTTP, and can fall silent. */
let collector: Server;
let endpoint: string;
let silent: boolean;
let spans: ReceivedSpan[];
let resources: Record<string, unknown>[];
let paths: string[];
let headers: IncomingHttpHeaders;
let raw: string;
let dropped: number;

beforeEach(async () => {
  silent = false;
  spans = [];
  resources = [];
  paths = [];
  raw = '';
  dropped = 0;
  collector = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    headers = request.headers;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (silent) return;
      raw += Buffer.concat(chunks).toString();
      for (const { resource, scopeSpans } of exportSchema.parse(JSON.parse(Buffer.concat(chunks).toString()))
        .resourceSpans) {
        resources.push(plain(resource.attributes));
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const address = collector.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  endpoint = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

const start = (options: Partial<TracingOptions> = {}) =>
  startTracing(
    {
      endpoint,
      headers: { 'x-collector': 'yes' },
      sampling: 1,
      serviceName: 'leeward',
      instanceId: 'node-1',
      version: '1.2.3',
      onDropped: (count) => {
        dropped += count;
      },
      ...options,
    },
    { rng: seededRng(1), clock: systemClock },
  );

/** Long enough for any machine; reached only by a failing test. */
const patience = () => AbortSignal.timeout(10_000);

const chat: SpanAttributes = {
  [ATTRIBUTE.operation]: 'chat',
  [ATTRIBUTE.provider]: 'mistral_ai',
  [ATTRIBUTE.requestModel]: 'mistral-large-latest',
};

function plain(attributes: z.infer<typeof attributesSchema>): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const served: SpanAttributes = {
  [ATTRIBUTE.method]: 'POST',
  [ATTRIBUTE.httpRoute]: '/v1/chat/completions',
};

const ended = (attributes: SpanAttributes = chat, error?: unknown): EndedSpan => ({
  attributes,
  startedAtMs: systemClock.nowMs(),
  endedAtMs: systemClock.nowMs(),
  error,
});

describe('an exchange', () => {
  test('arrives as a SERVER span with a CLIENT span for each attempt under it', async () => {
    const tracing = await start();
    const failing = { ...chat, [ATTRIBUTE.pickReason]: 'lower-load', [ATTRIBUTE.pickCandidates]: 3 };
    const answering = {
      ...chat,
      [ATTRIBUTE.serverAddress]: 'api.mistral.ai',
      [ATTRIBUTE.inputTokens]: 12,
      [ATTRIBUTE.finishReasons]: ['stop'],
      [ATTRIBUTE.outputTokens]: undefined,
    };
    const traceId = tracing.record(
      undefined,
      ended({ ...served, [ATTRIBUTE.requestId]: 'r-1', [ATTRIBUTE.status]: 200 }),
      [ended(failing, 'first-token-timeout'), ended(answering)],
    );
    await tracing.shutdown(patience());

    expect(spans).toHaveLength(3);
    const [server, failed, answered] = spans;
    expect(server).toMatchObject({ kind: SERVER, name: 'POST /v1/chat/completions', traceId });
    expect(server?.parentSpanId ?? '').toBe('');
    expect(plain(server?.attributes ?? [])).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'leeward.request.id': 'r-1',
      'http.response.status_code': 200,
    });
    for (const attempt of [failed, answered]) {
      expect(attempt).toMatchObject({ kind: CLIENT, name: 'chat mistral-large-latest' });
      expect(attempt).toMatchObject({ parentSpanId: server?.spanId, traceId: server?.traceId });
    }
    expect(failed?.status.code).toBe(FAILED);
    expect(plain(failed?.attributes ?? [])).toMatchObject({
      'error.type': 'first-token-timeout',
      'leeward.pick.reason': 'lower-load',
      'leeward.pick.candidates': 3,
    });
    expect(answered?.status.code).toBe(0);
    const told = plain(answered?.attributes ?? []);
    expect(told).toMatchObject({ 'gen_ai.usage.input_tokens': 12, 'server.address': 'api.mistral.ai' });
    expect(told).not.toHaveProperty(ATTRIBUTE.outputTokens);
    expect(dropped).toBe(0);
  });

  test('tells by the wall clock when it and its attempts were', async () => {
    const tracing = await start();
    const nowMs = systemClock.nowMs();
    const at = (startedAtMs: number, endedAtMs: number) => ({ attributes: chat, startedAtMs, endedAtMs });
    tracing.record(undefined, at(nowMs - 2000, nowMs - 500), [at(nowMs - 1900, nowMs - 600)]);
    const wallMs = systemClock.wallMs();
    await tracing.shutdown(patience());
    const times = spans.map(({ startTimeUnixNano, endTimeUnixNano }) => [
      Number(startTimeUnixNano) / 1e6 - wallMs,
      Number(endTimeUnixNano) / 1e6 - wallMs,
    ]);
    // The two clocks are read one after the other.
    const expected = [
      [-2000, -500],
      [-1900, -600],
    ];
    for (const [span, pair] of expected.entries()) {
      for (const [end, ms] of pair.entries()) expect(Math.abs((times[span]?.[end] ?? 0) - ms)).toBeLessThan(200);
    }
  });

  test('says which service, version and instance it came from, and nothing of the machine', async () => {
    const tracing = await start();
    tracing.record(undefined, ended(), []);
    await tracing.shutdown(patience());
    expect(paths).toEqual(['POST /v1/traces']);
    expect(headers['x-collector']).toBe('yes');
    expect(resources[0]).toMatchObject({
      'service.name': 'leeward',
      'service.version': '1.2.3',
      'service.instance.id': 'node-1',
    });
    expect(Object.keys(resources[0] ?? {}).filter((name) => /^(host|process|os)\./.test(name))).toEqual([]);
  });

  test('keeps of an error its code or name, never its message', async () => {
    const tracing = await start();
    const errors = [
      new GatewayError('GW_DEADLINE', 'the prompt was: lorem ipsum'),
      Object.assign(new Error('lorem ipsum'), { code: 'ECONNRESET' }),
      new TypeError('lorem ipsum'),
      { body: 'lorem ipsum' },
    ];
    for (const error of errors) tracing.record(undefined, ended(chat, error), []);
    await tracing.shutdown(patience());
    const types = spans.map(({ attributes }) => plain(attributes)[ATTRIBUTE.errorType]);
    expect(types).toEqual(['GW_DEADLINE', 'ECONNRESET', 'TypeError', '_OTHER']);
    expect(raw).not.toContain('lorem');
  });

  test('cuts an attribute that is longer than any name or number', async () => {
    const tracing = await start();
    tracing.record(undefined, ended({ ...chat, [ATTRIBUTE.route]: 'x'.repeat(100_000) }), []);
    await tracing.shutdown(patience());
    expect(String(plain(spans[0]?.attributes ?? [])[ATTRIBUTE.route])).toHaveLength(256);
  });
});

describe('sampling', () => {
  test('obeys the caller, whatever the configured share', async () => {
    const none = await start({ sampling: 0 });
    const joining = `00-${TRACE}-${CALLER}-01`;
    expect(none.samples(joining)).toBe(true);
    expect(none.record(joining, ended(), [])).toBe(TRACE);
    await none.shutdown(patience());
    expect(spans[0]).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, kind: SERVER });

    const all = await start({ sampling: 1 });
    expect(all.samples(`00-${TRACE}-${CALLER}-00`)).toBe(false);
    await all.shutdown(patience());
    expect(spans).toHaveLength(1);
  });

  test('starts a trace of its own when the header is not a valid one', async () => {
    const tracing = await start();
    const traceId = tracing.record(`00-${TRACE}-${CALLER}`, ended(), []);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
    await tracing.shutdown(patience());
  });

  test('takes the configured share of those who did not decide', async () => {
    const tracing = await start({ sampling: 0.1 });
    const sampled = Array.from({ length: 10_000 }, () => tracing.samples(undefined)).filter(Boolean);
    // 10,000 draws at 0.1 have a standard deviation of 30; the seed fixes the draws, five of them the bound.
    expect(Math.abs(sampled.length - 1_000)).toBeLessThan(150);
    await tracing.shutdown(patience());
  });
});

describe('a burst of 5,000 spans', () => {
  test('arrives whole', async () => {
    const tracing = await start();
    for (let index = 0; index < 5_000; index += 1) tracing.record(undefined, ended(), []);
    await tracing.shutdown(patience());
    expect(spans).toHaveLength(5_000);
    expect(dropped).toBe(0);
  });
});

describe('shutdown', () => {
  test('waits no longer than it may for a collector that is silent, and counts what it lost', async () => {
    silent = true;
    const tracing = await start();
    for (let index = 0; index < 300; index += 1) tracing.record(undefined, ended(), []);
    const limit = new AbortController();
    collector.once('request', () => limit.abort());
    await tracing.shutdown(limit.signal);
    expect(dropped).toBe(300);
    expect(spans).toEqual([]);
  });

  test('counts what a refusing collector never took', async () => {
    collector.removeAllListeners('request');
    collector.on('request', (_request, response) => response.writeHead(400).end());
    const tracing = await start();
    tracing.record(undefined, ended(), []);
    await tracing.shutdown(patience());
    expect(dropped).toBe(1);
  });
});

describe('the process', () => {
  test('keeps its global tracer, context and propagator as they were', async () => {
    const tracing = await start();
    expect(trace.getTracer('elsewhere').startSpan('x').isRecording()).toBe(false);
    expect(propagation.fields()).toEqual([]);
    expect(context.with(context.active().setValue(Symbol('k'), 1), () => context.active())).toBe(context.active());
    await tracing.shutdown(patience());
  });

  test('may hold two gateways, each with its own collector', async () => {
    const one = await start({ instanceId: 'one' });
    const two = await start({ instanceId: 'two' });
    one.record(undefined, ended(), []);
    two.record(undefined, ended(), []);
    await Promise.all([one.shutdown(patience()), two.shutdown(patience())]);
    expect(resources.map((resource) => String(resource['service.instance.id'])).sort()).toEqual(['one', 'two']);
  });

  test('spends nothing when no collector is named', async () => {
    const tracing = await start({ endpoint: undefined });
    expect([tracing.isOn, tracing.samples(`00-${TRACE}-${CALLER}-01`)]).toEqual([false, false]);
    await tracing.shutdown(patience());
    expect(paths).toEqual([]);
  });
});
