/** The config that pods mount is one that the gateway takes, without a warning; and it restarts pods when it must. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CASES, LEAST } from './cases.ts';
import { render } from './helm.ts';
import { CERTIFICATES, check, podFiles } from './leeward.ts';
import { ROOT } from './places.ts';
import type { Release } from './release.ts';

const kubernetes = '1.37.0';
const env = { LEEWARD_KEY_SEARCH: 'made-up-search', VLLM_KEY: 'made-up-vllm', OTLP: 'Bearer made-up' };

describe('the mounted config', () => {
  it('passes leeward check in every case', async () => {
    // Many cases mount the same config; the gateway is asked once for each that there is.
    const distinct = new Map<string, { readonly name: string; readonly release: Release }>();
    for (const one of CASES) {
      const release = await render({ ...one, kubernetes });
      distinct.set(release.configText(), { name: one.name, release });
    }
    expect(distinct.size).toBeGreaterThan(5);
    const complaints: string[] = [];
    for (const { name, release } of distinct.values()) {
      const { config, remove } = await podFiles(release, CERTIFICATES);
      const said = await check(config, env);
      if (!/^\S+ is good: [^\n]+\n$/.test(said)) complaints.push(`${name}: ${said}`);
      await remove();
    }
    expect(complaints).toEqual([]);
  });

  it('may say all that docs/config.md shows', async () => {
    const page = readFileSync(join(ROOT, 'docs/config.md'), 'utf8');
    const example = /## A complete example\n\n```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const { listen, ...config } = parse(example) as Record<string, unknown>;
    const rendered = (await render({ values: { config }, kubernetes })).config();
    expect(rendered).toEqual({ ...config, listen });
  });

  it('passes it with the values that docs/kubernetes.md shows', async () => {
    const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
    const [values] = [...page.matchAll(/```yaml\n(image:[\s\S]*?)```/g)].map(
      ([, block]) => parse(block ?? '') as object,
    );
    const { config, remove } = await podFiles(await render({ values: values ?? {}, kubernetes }), {});
    expect(await check(config, {})).toMatch(/^\S+ is good: 2 providers, 3 keys, 1 route\n$/);
    await remove();
  });

  it('keeps numbers whole, however large', async () => {
    const limits = { tokensPerMinute: 100_000_000_000, requestsPerMinute: 10_000_000 };
    const provider = {
      dialect: 'mistral',
      baseUrl: 'https://api.mistral.ai',
      quotaGroups: { one: { limits: { large: limits } } },
      keys: [{ name: 'main', secret: 'file:/run/secrets/leeward/a', weight: 0.25 }],
    };
    const release = await render({ values: { ...LEAST, config: { providers: { mistral: provider } } }, kubernetes });
    expect(release.config().providers['mistral']).toEqual(provider);
  });

  it('reads the admin token from an entry of the Secret, unless it says itself from where', async () => {
    const adminOf = async (config: object): Promise<unknown> => {
      const values = { ...LEAST, admin: { tokenEntry: 'admin-token' }, config };
      return (await render({ values, kubernetes })).config().admin;
    };
    expect(await adminOf({})).toEqual({ token: 'file:/run/secrets/leeward/admin-token' });
    expect(await adminOf({ admin: { token: 'env:TOKEN' } })).toEqual({ token: 'env:TOKEN' });
    expect((await render({ values: LEAST, kubernetes })).config().admin).toBeUndefined();
  });

  it('drains as long as the longest request lasts, unless told otherwise', async () => {
    const drainOf = async (config: object): Promise<number> =>
      (await render({ values: { ...LEAST, config }, kubernetes })).config().limits.drainMs;
    const route = (totalMs: number): object => ({ pools: [[{ provider: 'mistral' }]], timeouts: { totalMs } });
    expect(await drainOf({})).toBe(310_000);
    expect(await drainOf({ routes: { a: route(60_000), b: route(20_000) } })).toBe(70_000);
    expect(await drainOf({ routes: { a: route(3_600_000) } })).toBe(3_600_000);
    expect(await drainOf({ limits: { drainMs: 400_000 } })).toBe(400_000);
  });
});

describe('a change of the config', () => {
  const markOf = async (config: object): Promise<unknown> => {
    const release = await render({ values: { ...LEAST, config }, kubernetes });
    const [deployment] = release.all('apps/v1 Deployment');
    return deployment?.spec?.template?.metadata?.annotations?.['leeward/needs-restart'];
  };

  let unchanged: unknown;
  beforeAll(async () => {
    unchanged = await markOf({});
  });

  // Those that services/gateway/src/config/needs-restart.ts names.
  it.each([
    { limits: { headerBytes: 32_768 } },
    { limits: { headersMs: 5000 } },
    { limits: { connections: 100 } },
    { limits: { keepAliveMs: 90_000 } },
    { telemetry: { otlp: { endpoint: 'http://collector:4318' } } },
    { telemetry: { traceSampling: 0.5 } },
    { telemetry: { serviceName: 'gateway' } },
    { cluster: { nats: { servers: ['nats://nats:4222'] } } },
    { listen: { dataTls: { cert: 'file:/tls/tls.crt', key: 'file:/tls/tls.key' } } },
  ])('that only a restart takes over replaces the pods: %o', async (config) => {
    expect(await markOf(config)).not.toBe(unchanged);
  });

  it.each([
    { limits: { inFlight: 100, bodyBytes: 2048 } },
    { telemetry: { logLevel: 'warn', accessLog: false } },
    { auth: { clientKeys: [{ name: 'a', secret: 'file:/run/secrets/leeward/a' }] } },
    { routes: { a: { pools: [[{ provider: 'mistral' }]], picker: 'weighted-random' } } },
  ])('that a running node takes over leaves them: %o', async (config) => {
    expect(await markOf(config)).toBe(unchanged);
  });
});
