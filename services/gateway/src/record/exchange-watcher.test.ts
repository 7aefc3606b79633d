import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLIENT_KEY, ENV, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import {
  answersChat,
  beginStream,
  chatBody,
  event,
  openUpstream,
  sayJson,
  type Upstream,
} from '../fixtures/open-upstream.ts';

const PATH = '/v1/chat/completions';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

function ask(gateway: TestGateway, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: 'POST', body: chatBody(more), headers: { authorization: `Bearer ${CLIENT_KEY}`, ...headers } };
  return fetch(gateway.dataUrl + PATH, init);
}

function failover(first: string, second: string, more: object = {}): object {
  return {
    providers: {
      mistral: { dialect: 'mistral', baseUrl: first, keys: [{ name: 'a', secret: 'env:KEY_A', quotaGroup: 'w1' }] },
      backup: { dialect: 'mistral', baseUrl: second, keys: [{ name: 'b', secret: 'env:KEY_B' }] },
    },
    routes: {
      'mistral-large-latest': {
        pools: [[{ provider: 'mistral' }], [{ provider: 'backup' }]],
        retries: { maxAttempts: 2, backoffMs: 1 },
      },
    },
    ...more,
  };
}

const failing = () => openUpstream((_request, response) => sayJson(response, '{"message":"the prompt said"}', 500));

describe('metrics', () => {
  test('of a failover tell the attempt, its reason, the move, and the tokens and money of what answered', async () => {
    await using first = await failing();
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(failover(first.url, second.url));
    await (await ask(gateway)).arrayBuffer();
    const route = 'route="mistral-large-latest"';
    const sums = async (...list: [string, ...string[]][]) =>
      Promise.all(list.map(([name, ...labels]) => gateway.metric(name, ...labels)));
    expect(
      await sums(
        ['leeward_requests_total', route, 'surface="chat"', 'dialect="mistral"', 'status="200"'],
        ['leeward_attempts_total', 'provider="mistral"', 'key="a"', 'outcome="fault"', 'reason="status-5xx"'],
        ['leeward_attempts_total', 'provider="backup"', 'key="b"', 'outcome="ok"'],
        ['leeward_failovers_total', route, 'reason="status-5xx"'],
        ['leeward_retries_total', 'reason="status-5xx"'],
        ['leeward_request_duration_seconds_count', route],
        ['leeward_time_to_first_token_seconds_count', route],
        ['leeward_overhead_seconds_count', 'surface="chat"'],
        ['leeward_attempt_first_token_seconds_count', 'provider="backup"'],
        ['leeward_tokens_total', 'model="mistral-large-latest"', 'kind="prompt"'],
        ['leeward_tokens_total', 'model="mistral-large-latest"', 'kind="completion"'],
        ['leeward_rejected_requests_total'],
      ),
      // A whole answer has no first token of its own.
    ).toEqual([1, 1, 1, 1, 1, 1, 0, 1, 0, 1000, 200, 0]);
    expect(await gateway.metric('leeward_cost_usd_total', 'model="mistral-large-latest"')).toBeGreaterThan(0);
    // All that was waited for was the upstreams', who share this process: the rest is less than the whole.
    const own = await gateway.metric('leeward_overhead_seconds_sum');
    expect(own).toBeGreaterThanOrEqual(0);
    expect(own).toBeLessThan(await gateway.metric('leeward_request_duration_seconds_sum'));
  });

  test('of a stream have its gap and its usage, and of a refusal its code', async () => {
    await using upstream = await openUpstream(answersChat);
    await using down = await failing();
    await using gateway = await openGateway(failover(upstream.url, upstream.url));
    await (await ask(gateway, { stream: true })).arrayBuffer();
    expect(await gateway.metric('leeward_requests_total', 'status="200"')).toBe(1);
    expect(await gateway.metric('leeward_tokens_total', 'kind="prompt"')).toBe(11);
    expect(await gateway.metric('leeward_time_to_first_token_seconds_count')).toBe(1);
    await gateway.reload(failover(down.url, down.url));
    expect((await ask(gateway, {}, { 'x-leeward-deadline-ms': '5000' })).status).toBe(502);
    expect(await gateway.metric('leeward_rejected_requests_total', 'code="GW_UPSTREAM_FAILED"')).toBe(1);
    expect(await gateway.metric('leeward_requests_total', 'status="502"')).toBe(1);
  });

  test('of a stream that broke tell whether it could be carried on', async () => {
    await using breaking = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('the '), () => response.socket?.resetAndDestroy());
    });
    await using second = await openUpstream((_request, response) => {
      beginStream(response);
      response.end(event('the ') + event('completion', { finish_reason: 'stop' }));
    });
    await using gateway = await openGateway(failover(breaking.url, second.url));
    const text = await (await ask(gateway, { stream: true })).text();
    expect(text).toContain('completion');
    expect(await gateway.metric('leeward_stream_recoveries_total', 'result="ok"')).toBe(1);
    expect(await gateway.metric('leeward_failovers_total', 'reason="reset"')).toBe(1);
    expect(await gateway.metric('leeward_broken_answers_total')).toBe(0);
    await gateway.reload(failover(breaking.url, breaking.url));
    expect(await (await ask(gateway, { stream: true })).text()).toContain('GW_STREAM_BROKEN');
    expect(await gateway.metric('leeward_broken_answers_total', 'route="mistral-large-latest"')).toBe(1);
  });
});

describe('the access log', () => {
  test('has one line for each exchange, with its path through the targets, and nothing of what was said', async () => {
    await using first = await failing();
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(failover(first.url, second.url));
    await (await ask(gateway, {}, { 'x-request-id': 'line-1' })).arrayBuffer();
    const lines = gateway.log.filter(({ event: name }) => name === 'exchange-finished');
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        requestId: 'line-1',
        client: 'checkout',
        surface: 'chat',
        stream: false,
        status: 200,
        end: 'answered',
        target: 'backup/b/mistral-large-latest',
        pool: 1,
        attempts: 2,
        outcomes: 'mistral/a/mistral-large-latest fault status-5xx, backup/b/mistral-large-latest ok',
        promptTokens: 1000,
        completionTokens: 200,
      }),
    ]);
    const all = JSON.stringify(gateway.log);
    for (const secret of ['the prompt', 'the completion', ...Object.values(ENV)]) expect(all).not.toContain(secret);
  });

  test('can be turned off', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(failover(upstream.url, upstream.url, { telemetry: { accessLog: false } }));
    await (await ask(gateway)).arrayBuffer();
    expect(gateway.log.map(({ event: name }) => name)).not.toContain('exchange-finished');
  });
});

describe('the explanation in the log', () => {
  const decided = (gateway: TestGateway) => gateway.log.filter(({ event: name }) => name === 'exchange-decided');

  test('is written at the debug level alone, and is what /admin/decisions tells', async () => {
    await using first = await failing();
    await using second = await openUpstream(answersChat);
    const at = (logLevel: string) => failover(first.url, second.url, { telemetry: { logLevel } });
    await using gateway = await openGateway(at('info'));
    await (await ask(gateway)).arrayBuffer();
    expect(decided(gateway)).toEqual([]);
    await gateway.reload(at('debug'));
    await (
      await ask(gateway, {}, { 'x-request-id': 'd-1', 'x-leeward-session': 'of somebody'.replace(' ', '-') })
    ).text();
    const [line, ...more] = decided(gateway);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      level: 'debug',
      requestId: 'd-1',
      picker: 'adaptive',
      affinity: 'session',
      servedBy: 'backup/b/mistral-large-latest',
      attempts: [
        {
          cause: 'first',
          outcome: 'fault',
          reason: 'status-5xx',
          candidates: [{ id: 'mistral/a/mistral-large-latest' }],
        },
        { cause: 'next-pool', outcome: 'ok', candidates: [{ state: 'available' }] },
      ],
    });
    const told = await (await fetch(`${gateway.adminUrl}/admin/decisions?request=d-1`)).text();
    const { decisions } = JSON.parse(told) as { decisions: Record<string, unknown>[] };
    const { agoMs, ...explanation } = decisions[0] ?? {};
    expect(agoMs).toBeGreaterThanOrEqual(0);
    expect(line).toMatchObject(explanation);
    const all = told + JSON.stringify(gateway.log);
    // A session may name a person.
    for (const secret of ['of-somebody', 'the prompt', 'the completion', ...Object.values(ENV)]) {
      expect(all).not.toContain(secret);
    }
  });
});

const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  kind: z.number(),
  status: z.object({ code: z.number() }).loose(),
  attributes: z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })),
});
const exportSchema = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })) })),
});

/** OTLP's numbers for the kinds. */
const SERVER = 2;
const CLIENT = 3;

async function spansOf(gateway: TestGateway, collector: Upstream) {
  await gateway.gateway.tracing.shutdown(AbortSignal.timeout(5000));
  return collector.received
    .flatMap(({ bytes }) => exportSchema.parse(JSON.parse(String(bytes))).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ attributes, ...span }) => {
      const plain = Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
      return { ...span, attributes: plain };
    });
}

describe('a trace', () => {
  test('of a sampled exchange is a SERVER span under the caller’s, and a CLIENT span for each attempt', async () => {
    await using collector = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using first = await failing();
    await using second = await openUpstream(answersChat);
    const telemetry = { otlp: { endpoint: collector.url }, traceSampling: 0 };
    await using gateway = await openGateway(failover(first.url, second.url, { telemetry }));
    await (await ask(gateway, {}, { traceparent: `00-${TRACE}-${CALLER}-01`, 'x-request-id': 't-1' })).arrayBuffer();
    const spans = await spansOf(gateway, collector);
    expect(spans).toHaveLength(3);
    const server = spans.find(({ kind }) => kind === SERVER);
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    expect(server?.attributes).toMatchObject({
      'leeward.request.id': 't-1',
      'leeward.trace.reason': 'failover',
      'gen_ai.request.model': 'mistral-large-latest',
      'http.response.status_code': 200,
    });
    const attempts = spans.filter(({ kind }) => kind === CLIENT);
    expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual([server?.spanId, server?.spanId]);
    expect(attempts.map(({ status }) => status.code)).toEqual([2, 0]);
    expect(server?.attributes).toMatchObject({ 'leeward.picker': 'adaptive' });
    expect(attempts[0]?.attributes).toMatchObject({
      'leeward.pick.reason': 'first',
      'leeward.target.load': expect.any(Number),
      'leeward.pick.candidates': {
        values: [{ stringValue: expect.stringMatching(/^mistral\/a\/mistral-large-latest available, load [\d.]+$/) }],
      },
    });
    expect(attempts[0]?.attributes).toMatchObject({ 'gen_ai.provider.name': 'mistral_ai', 'error.type': 'status-5xx' });
    const line = gateway.log.find(({ requestId }) => requestId === 't-1');
    expect(line?.['trace_id']).toBe(TRACE);
    const raw = collector.received.map(({ bytes }) => String(bytes)).join();
    for (const secret of ['the prompt', 'the completion', ...Object.values(ENV)]) expect(raw).not.toContain(secret);
    const scrape = await fetch(`${gateway.adminUrl}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    expect(await scrape.text()).toContain(`trace_id="${TRACE}"`);
  });

  test('is kept of what somebody will look at, whatever the draw, and of nothing else', async () => {
    await using collector = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using down = await failing();
    await using up = await openUpstream(answersChat);
    const telemetry = { otlp: { endpoint: collector.url }, traceSampling: 0 };
    const config = (first: string, second: string, more: object = {}) =>
      failover(first, second, { telemetry: { ...telemetry, ...more } });
    await using gateway = await openGateway(config(up.url, up.url));
    await (await ask(gateway, {}, { 'x-request-id': 'quick' })).arrayBuffer();
    await using slow = await openUpstream((request, response, call) => {
      setTimeout(() => answersChat(request, response, call), 20);
    });
    await gateway.reload(config(slow.url, slow.url, { traceSlowMs: 10 }));
    await (await ask(gateway, {}, { 'x-request-id': 'slow' })).arrayBuffer();
    await gateway.reload(config(down.url, up.url));
    await (await ask(gateway, {}, { 'x-request-id': 'moved' })).arrayBuffer();
    await gateway.reload(config(down.url, down.url));
    const notSampled = { traceparent: `00-${TRACE}-${CALLER}-00`, 'x-request-id': 'failed' };
    await (await ask(gateway, {}, notSampled)).arrayBuffer();
    const servers = (await spansOf(gateway, collector)).filter(({ kind }) => kind === SERVER);
    const kept = servers.map(({ attributes }) => [
      attributes['leeward.request.id'],
      attributes['leeward.trace.reason'],
    ]);
    expect(kept).toEqual([
      ['slow', 'slow'],
      ['moved', 'failover'],
      ['failed', 'error'],
    ]);
    expect(servers.at(-1)?.traceId).toBe(TRACE);
  });

  test('ends with its exchange also where that was refused or its client left', async () => {
    await using collector = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using down = await failing();
    const asked = Promise.withResolvers<void>();
    await using silent = await openUpstream(() => asked.resolve());
    const telemetry = { otlp: { endpoint: collector.url }, traceSampling: 1 };
    await using gateway = await openGateway(failover(down.url, silent.url, { telemetry }));
    await (await ask(gateway, {}, { 'x-leeward-no-fallback': 'true' })).arrayBuffer();
    // Refused before there was an exchange: no span that nobody ends.
    await (await ask(gateway, {}, { 'x-leeward-deadline-ms': 'soon' })).arrayBuffer();
    const leaving = new AbortController();
    const left = fetch(gateway.dataUrl + PATH, {
      method: 'POST',
      body: chatBody(),
      headers: { 'x-api-key': CLIENT_KEY },
      signal: leaving.signal,
    }).catch(() => 'left');
    await asked.promise;
    leaving.abort();
    expect(await left).toBe('left');
    while (gateway.gateway.app.inFlight() > 0) await new Promise((resolve) => setImmediate(resolve));
    const spans = await spansOf(gateway, collector);
    const servers = spans.filter(({ kind }) => kind === SERVER);
    expect(servers.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([502, 499]);
    expect(servers[0]?.attributes).toMatchObject({ 'error.type': 'GW_UPSTREAM_FAILED' });
  });
});
