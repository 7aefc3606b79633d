import { describe, expect, test } from 'vitest';
import { catalogue, type MetricEntry } from './catalogue.ts';
import { createMetrics } from './metrics.ts';
import { PROCESS_METRICS } from './metrics-page.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

const build = (seriesLimit = 100) => createMetrics({ seriesLimit, version: '1.2.3' });

async function lines(metrics: ReturnType<typeof build>, prefix: string, accept?: string): Promise<string[]> {
  const { body } = await metrics.text(accept);
  return body.split('\n').filter((line) => line.startsWith(prefix));
}

describe('the registry', () => {
  test('shows every metric of the catalogue and of the process, and nothing that neither names', async () => {
    const { body } = await build().text(undefined);
    const shown = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const entries: MetricEntry[] = Object.values(catalogue);
    const listed = entries.map(({ name, type }) => `${name} ${type === 'mirror' ? 'gauge' : type}`);
    expect(shown.filter((line) => !/^leeward_(process|nodejs)_/.test(line)).toSorted()).toEqual(listed.toSorted());
    for (const name of PROCESS_METRICS) expect(body).toContain(`# TYPE ${name} `);
  });

  test('is each gateway’s own', async () => {
    const [one, other] = [build(), build()];
    one.retriesTotal.child('status-5xx').inc();
    expect(await lines(one, 'leeward_retries_total{')).toEqual(['leeward_retries_total{reason="status-5xx"} 1']);
    expect(await lines(other, 'leeward_retries_total{')).toEqual([]);
  });

  test('says what runs', async () => {
    expect(await lines(build(), 'leeward_build_info{')).toEqual([
      `leeward_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]);
  });
});

describe('a child', () => {
  test('is found again by the same values, and counts with them', async () => {
    const metrics = build();
    const child = metrics.requestsTotal.child('large', 'chat', 'openai', '200');
    expect(metrics.requestsTotal.child('large', 'chat', 'openai', '200')).toBe(child);
    expect(metrics.requestsTotal.child('large', 'chat', 'mistral', '200')).not.toBe(child);
    child.inc();
    child.inc(2);
    expect(await lines(metrics, 'leeward_requests_total{')).toEqual([
      'leeward_requests_total{route="large",surface="chat",dialect="openai",status="200"} 3',
    ]);
  });

  test('is counted as other beyond the bound of series, and the overflow is told', async () => {
    const metrics = build(3);
    for (let model = 0; model < 50; model += 1) metrics.tokensTotal.child(`model-${model}`, 'prompt').inc(10);
    expect(await lines(metrics, 'leeward_tokens_total{')).toEqual([
      'leeward_tokens_total{model="model-0",kind="prompt"} 10',
      'leeward_tokens_total{model="model-1",kind="prompt"} 10',
      'leeward_tokens_total{model="model-2",kind="prompt"} 10',
      'leeward_tokens_total{model="other",kind="other"} 470',
    ]);
    expect(await lines(metrics, 'leeward_metric_series_overflow_total{')).toEqual([
      'leeward_metric_series_overflow_total{metric="leeward_tokens_total"} 47',
    ]);
  });

  test('keeps a hostile label value inside its quotes', async () => {
    const metrics = build();
    metrics.retriesTotal.child('a"}\n\\b').inc();
    expect(await lines(metrics, 'leeward_retries_total{')).toEqual(['leeward_retries_total{reason="a\\"}\\n\\\\b"} 1']);
  });
});

describe('a mirror', () => {
  test('is read at the scrape, and forgets what the state no longer has', async () => {
    const metrics = build();
    const targets = ['w1-a', 'w2-a'];
    metrics.onCollect(() => {
      for (const key of targets) metrics.breakerState.child('mistral', key, 'large').set(2);
    });
    expect(await lines(metrics, 'leeward_breaker_state{')).toHaveLength(2);
    targets.pop();
    expect(await lines(metrics, 'leeward_breaker_state{')).toEqual([
      'leeward_breaker_state{provider="mistral",key="w1-a",model="large"} 2',
    ]);
  });

  test('has its bound of series anew at each scrape', async () => {
    const metrics = build(2);
    let generation = 0;
    metrics.onCollect(() => {
      generation += 1;
      for (const key of ['a', 'b']) metrics.targetLoad.child('mistral', `${key}${generation}`, 'large').set(1);
    });
    for (let scrape = 0; scrape < 5; scrape += 1) await metrics.text(undefined);
    const shown = await lines(metrics, 'leeward_target_load{');
    expect(shown).toHaveLength(2);
    expect(shown.join()).not.toContain('other');
  });
});

describe('exemplars', () => {
  test('are shown in OpenMetrics only, beside the bucket of a sampled request', async () => {
    const metrics = build();
    metrics.requestDurationSeconds.child('large', 'chat').observe(0.07, TRACE_ID);
    const bucket = 'leeward_request_duration_seconds_bucket{le="0.1"';
    const [open] = await lines(metrics, bucket, OPENMETRICS);
    expect(open).toMatch(/ 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 0\.07 \d+(\.\d+)?$/);
    const [plain] = await lines(metrics, bucket);
    expect(plain).toMatch(/ 1$/);
  });

  test('are absent for an unsampled request, and on a metric that takes none', async () => {
    const metrics = build();
    metrics.timeToFirstTokenSeconds.child('large').observe(0.3);
    metrics.chunkGapSeconds.child('large').observe(0.03, TRACE_ID);
    const { body } = await metrics.text(OPENMETRICS);
    expect(body).toContain('leeward_time_to_first_token_seconds_count{route="large"} 1');
    expect(body).toContain('leeward_chunk_gap_seconds_count{route="large"} 1');
    expect(body).not.toContain('trace_id');
  });
});

describe('two scrapers', () => {
  test('each get their own format, at the same time and after one another', async () => {
    const metrics = build();
    metrics.retriesTotal.child('reset').inc();
    const pages = await Promise.all([OPENMETRICS, undefined, OPENMETRICS].map((accept) => metrics.text(accept)));
    const [first, second, third] = pages;
    expect(first?.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(second?.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(third?.contentType).toBe(first?.contentType);
    expect(first?.body).toContain('# TYPE leeward_retries counter\nleeward_retries_total{reason="reset"} 1\n');
    expect(second?.body).toContain('# TYPE leeward_retries_total counter\nleeward_retries_total{reason="reset"} 1\n');
    expect(first?.body.endsWith('\n# EOF\n')).toBe(true);
    expect(second?.body).not.toContain('# EOF');
  });
});
