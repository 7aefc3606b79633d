import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { printable } from './redact.ts';

const TEXT = `
listen: { data: "[::1]:0" }
auth: { clientKeys: [{ name: shop, secret: env:CLIENT }] }
providers:
  m: { dialect: mistral, baseUrl: http://127.0.0.1:1, keys: [{ name: a, secret: env:VENDOR }] }
routes: { "*": { pools: [[{ provider: m }]] } }
telemetry: { otlp: { endpoint: "http://c:4318", headers: { authorization: env:COLLECTOR } } }
`;
const env = { CLIENT: 'client-secret-1', VENDOR: 'vendor-secret-1', COLLECTOR: 'Bearer collector-secret-1' };

async function load() {
  const result = await loadConfig({ text: TEXT }, { env, readFile: () => Promise.reject(new Error('no files')) });
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

describe('the printed config', () => {
  it('has the shape of the file, with secrets redacted', async () => {
    expect(printable(await load())).toMatchObject({
      listen: { data: '[::1]:0', admin: '127.0.0.1:9090' },
      auth: { clientKeys: [{ name: 'shop', secret: '[redacted]' }] },
      providers: { m: { dialect: 'mistral', keys: [{ name: 'a', secret: '[redacted]', weight: 1 }] } },
      telemetry: { otlp: { endpoint: 'http://c:4318', headers: { authorization: '[redacted]' } } },
    });
  });

  it('holds no secret, no hash of one and no fingerprint', async () => {
    const settings = await load();
    const text = JSON.stringify(printable(settings));
    for (const secret of Object.values(env)) expect(text).not.toContain(secret);
    const hash = createHash('sha256').update(env.CLIENT).digest();
    for (const encoding of ['hex', 'base64'] as const) expect(text).not.toContain(hash.toString(encoding));
    expect(text).not.toMatch(/sha256|fingerprint/);
    expect(text).not.toContain(settings.fingerprint);
  });

  it('is a copy: nobody changes the running settings through it', async () => {
    const settings = await load();
    const shown = printable(settings);
    Object.assign(shown, { limits: 'gone' });
    expect(settings.limits.inFlight).toBe(10_000);
  });
});
