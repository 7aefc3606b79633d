import { type Agent, request as tlsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import {
  OTHER_TEST_ONLY_CERTIFICATE,
  OTHER_TEST_ONLY_KEY,
  TEST_ONLY_CERTIFICATE,
  TEST_ONLY_KEY,
} from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { closeServer } from './close-server.ts';
import { adminServer, dataServer } from './ports.ts';
import { listen, renewTls } from './server.ts';

const ENV = {
  CERT: TEST_ONLY_CERTIFICATE,
  KEY: TEST_ONLY_KEY,
  OTHER_CERT: OTHER_TEST_ONLY_CERTIFICATE,
  OTHER_KEY: OTHER_TEST_ONLY_KEY,
  VENDOR: 'vendor-key',
  BAD: 'no certificate at all',
};

const OWN = { cert: 'env:CERT', key: 'env:KEY' };
const OTHER = { cert: 'env:OTHER_CERT', key: 'env:OTHER_KEY' };

function load(listening: object) {
  const config = {
    listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0', ...listening },
    auth: 'none',
    providers: {
      m: { dialect: 'mistral', baseUrl: 'http://127.0.0.1:9', keys: [{ name: 'a', secret: 'env:VENDOR' }] },
    },
    routes: { '*': { pools: [[{ provider: 'm' }]] } },
  };
  const readFile = () => Promise.reject(new Error('no files in this test'));
  return loadConfig({ text: JSON.stringify(config) }, { env: ENV, readFile });
}

async function settingsOf(listening: object) {
  const result = await load(listening);
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

interface Asked {
  readonly status: number | undefined;
  readonly serial: string;
}

/** Asks by TLS, trusting both certificates. */
function ask(url: string, path = '/', shown: { cert?: string; key?: string; agent?: Agent } = {}): Promise<Asked> {
  const ca = [TEST_ONLY_CERTIFICATE, OTHER_TEST_ONLY_CERTIFICATE];
  return new Promise((resolve, reject) => {
    const asking = tlsRequest(`${url}${path}`, { ca, agent: false, ...shown }, (answer) => {
      const { serialNumber } = (answer.socket as TLSSocket).getPeerCertificate();
      answer.resume().once('end', () => resolve({ status: answer.statusCode, serial: serialNumber }));
    });
    asking.once('error', reject).end();
  });
}

const found = (_request: unknown, response: { end(text: string): void }) => response.end('found');

describe('a port with a certificate', () => {
  it('speaks TLS, and says so in its address', async () => {
    const settings = await settingsOf({ dataTls: OWN });
    const server = dataServer(found, settings);
    const url = await listen(server, settings.listen.data, settings.listen.dataTls);
    expect(url).toMatch(/^https:/);
    expect(await ask(url)).toEqual({ status: 200, serial: '01' });
    await closeServer(server, 0);
  });

  it('shows a renewed one to whoever connects from then on', async () => {
    const settings = await settingsOf({ dataTls: OWN });
    const server = dataServer(found, settings);
    const url = await listen(server, settings.listen.data, settings.listen.dataTls);
    renewTls(server, (await settingsOf({ dataTls: OTHER })).listen.dataTls);
    expect(await ask(url)).toEqual({ status: 200, serial: '02' });
    await closeServer(server, 0);
  });

  it('hangs up on who speaks in the clear, and goes on', async () => {
    const settings = await settingsOf({ dataTls: OWN });
    const server = dataServer(found, settings);
    const url = await listen(server, settings.listen.data, settings.listen.dataTls);
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
    expect((await ask(url)).status).toBe(200);
    await closeServer(server, 0);
  });
});

describe('an admin port that wants certificates', () => {
  it('lets in whose its authorities have signed, and anyone to ask how it is', async () => {
    const settings = await settingsOf({ adminTls: { ...OWN, clientCa: 'env:OTHER_CERT' } });
    const server = adminServer(found, settings);
    const url = await listen(server, settings.listen.admin, settings.listen.adminTls);
    const known = { cert: OTHER_TEST_ONLY_CERTIFICATE, key: OTHER_TEST_ONLY_KEY };
    const stranger = { cert: TEST_ONLY_CERTIFICATE, key: TEST_ONLY_KEY };
    const asked = [
      ask(url, '/metrics', known),
      ask(url, '/metrics'),
      ask(url, '/metrics', stranger),
      ask(url, '/healthz/ready'),
      ask(url, '/healthzeros'),
    ];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 403, 403, 200, 403]);
    await closeServer(server, 0);
  });
});

describe('a certificate in the config', () => {
  it.each([
    ['that is none', { dataTls: { cert: 'env:BAD', key: 'env:KEY' } }],
    ['with the key of another', { dataTls: { cert: 'env:CERT', key: 'env:OTHER_KEY' } }],
    ['without its key', { dataTls: { cert: 'env:CERT' } }],
    ['for clients that is none', { adminTls: { ...OWN, clientCa: 'env:BAD' } }],
    ['that is written there', { dataTls: { cert: TEST_ONLY_CERTIFICATE, key: TEST_ONLY_KEY } }],
  ])('is refused by its place, without being shown: one %s', async (_name, listening) => {
    const result = await load(listening);
    expect(result.kind).toBe('refused');
    const said = JSON.stringify(result.kind === 'refused' ? result.problems : []);
    expect(said).toMatch(/listen\.(data|admin)Tls/);
    for (const secret of [TEST_ONLY_KEY, TEST_ONLY_CERTIFICATE]) {
      expect(said).not.toContain(secret.trim().split('\n')[1]);
    }
  });
});
