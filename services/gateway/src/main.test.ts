import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFileBounded } from './config/files.ts';
import { loadConfig } from './config/load.ts';
import { CLIENT_KEY, ENV, oneProvider, settingsOf, sumOf } from './fixtures/open-gateway.ts';
import {
  answersChat,
  beginStream,
  chatBody,
  DONE_EVENT,
  event,
  LAST_EVENT,
  openUpstream,
} from './fixtures/open-upstream.ts';
import { rawClient, requestText } from './fixtures/raw-client.ts';
import { runGateway } from './main.ts';

const CHAT = 'POST /v1/chat/completions';
const PATH = '/v1/chat/completions';
const quiet = () => undefined;

/** A log that can be waited for. */
function listener() {
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  return {
    lines,
    log: {
      write: (line: string) => {
        lines.push(JSON.parse(line) as Record<string, unknown>);
        for (const check of waiting) check();
      },
    },
    /** Resolves when an event has been logged so many times. */
    told: (name: string, times = 1) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (lines.filter((line) => line['event'] === name).length < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

const portOf = (url: string) => Number(new URL(url).port);

describe('told to stop', () => {
  test('it finishes its streams, takes nobody new, answers its admins meanwhile, and is done', async () => {
    const heard = listener();
    let finish: () => void = quiet;
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
      finish = () => response.end(event(' and finished') + LAST_EVENT + DONE_EVENT);
    });
    const stop = new AbortController();
    const settings = await settingsOf(oneProvider(upstream.url, { auth: 'none' }));
    const printed: string[] = [];
    const { dataUrl, adminUrl, done } = await runGateway({
      settings,
      configPath: undefined,
      signal: stop.signal,
      print: (line) => void printed.push(line),
      log: heard.log,
    });
    expect(printed).toEqual([`leeward listens on ${dataUrl} (data) and ${adminUrl} (admin)`]);
    using idle = await rawClient(portOf(dataUrl));
    using client = await rawClient(portOf(dataUrl));
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    await client.until('begun');
    stop.abort();
    await heard.told('drain-started');
    await idle.closed();
    await expect(rawClient(portOf(dataUrl))).rejects.toThrow('ECONNREFUSED');
    const ready = await fetch(`${adminUrl}/healthz/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining', degraded: [], inFlight: 1 }]);
    finish();
    const answer = await client.closed();
    expect(answer).toContain('and finished');
    expect(answer).toContain('[DONE]');
    await done;
    await expect(fetch(`${adminUrl}/healthz/live`)).rejects.toThrow('fetch failed');
    expect(heard.lines).toContainEqual(expect.objectContaining({ event: 'drain-ended', inFlight: 0 }));
  });

  test('it waits no longer than limits.drainMs, as the running config has it', async () => {
    const heard = listener();
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
    });
    const stop = new AbortController();
    const settings = await settingsOf(oneProvider(upstream.url, { auth: 'none', limits: { drainMs: 50 } }));
    const { dataUrl, done } = await runGateway({
      settings,
      configPath: undefined,
      signal: stop.signal,
      print: quiet,
      log: heard.log,
    });
    using client = await rawClient(portOf(dataUrl));
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    await client.until('begun');
    const aborted = upstream.nextAbort();
    stop.abort();
    await done;
    expect(await client.closed()).not.toContain('[DONE]');
    await aborted;
  });
});

test('a port that is taken leaves nothing half open', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // A port that was free a moment ago, to see whether the admin server has let go of it.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const probed = probe.address();
  const adminPort = typeof probed === 'object' && probed !== null ? probed.port : 0;
  await new Promise((resolve) => probe.close(resolve));
  const listen = { data: `127.0.0.1:${port}`, admin: `127.0.0.1:${adminPort}` };
  const settings = await settingsOf(oneProvider('http://127.0.0.1:9', { listen, auth: 'none' }));
  const { signal } = new AbortController();
  const running = runGateway({ settings, configPath: undefined, signal, print: quiet, log: listener().log });
  await expect(running).rejects.toThrow('EADDRINUSE');
  await expect(rawClient(adminPort)).rejects.toThrow('ECONNREFUSED');
  await new Promise((resolve) => taken.close(resolve));
});

test('the file is watched: a good change is taken over, a bad one refused and counted, a new secret used', async () => {
  const heard = listener();
  await using upstream = await openUpstream(answersChat);
  const directory = await mkdtemp(join(tmpdir(), 'leeward-main-'));
  const configPath = join(directory, 'leeward.yaml');
  /** As editors and Kubernetes do it: never half a file. */
  const write = async (name: string, text: string) => {
    await writeFile(join(directory, 'next'), text);
    await rename(join(directory, 'next'), join(directory, name));
  };
  const config = (more: object) =>
    JSON.stringify({
      ...oneProvider(upstream.url),
      listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
      auth: 'none',
      providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys: [{ name: 'a', secret: 'file:key' }] } },
      ...more,
    });
  await write('key', 'first-secret');
  await write('leeward.yaml', config({}));
  const loaded = await loadConfig({ path: configPath }, { env: ENV, readFile: readFileBounded });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  const stop = new AbortController();
  const { dataUrl, adminUrl, done } = await runGateway({
    settings: loaded.settings,
    configPath,
    signal: stop.signal,
    print: quiet,
    log: heard.log,
  });
  const ask = async (body = chatBody()) => {
    const response = await fetch(dataUrl + PATH, { method: 'POST', body });
    await response.arrayBuffer();
    return response.status;
  };
  const metric = async (name: string, ...labels: string[]) =>
    sumOf(await (await fetch(`${adminUrl}/metrics`)).text(), name, labels);
  expect(await ask()).toBe(200);

  await write(
    'leeward.yaml',
    config({ limits: { bodyBytes: 1024, keepAliveMs: 80_000 }, telemetry: { traceSampling: 1 } }),
  );
  await heard.told('config-reloaded');
  expect(await ask(chatBody().padEnd(2000))).toBe(413);
  expect(heard.lines).toContainEqual(
    expect.objectContaining({
      event: 'config-change-needs-restart',
      changed: ['limits.keepAliveMs', 'telemetry.traceSampling'],
    }),
  );

  await write('leeward.yaml', config({ limits: { bodyBites: 9 } }));
  await heard.told('config-refused');
  const refusal = heard.lines.find((line) => line['event'] === 'config-refused');
  expect(JSON.stringify(refusal)).toContain('bodyBites');
  expect([await ask(), await ask(chatBody().padEnd(2000))]).toEqual([200, 413]);
  expect(await metric('leeward_config_last_reload_success')).toBe(0);
  expect(await metric('leeward_config_reloads_total', 'result="failed"')).toBe(1);

  await write('leeward.yaml', config({}));
  await write('key', 'second-secret');
  await heard.told('config-reloaded', 2);
  expect(await ask(chatBody().padEnd(2000))).toBe(200);
  expect(upstream.received.at(-1)?.headers.authorization).toBe('Bearer second-secret');
  expect(await metric('leeward_config_last_reload_success')).toBe(1);
  expect(await metric('leeward_config_reloads_total', 'result="ok"')).toBe(2);
  expect(JSON.stringify(heard.lines)).not.toMatch(/(first|second)-secret/);
  expect(JSON.stringify(heard.lines)).not.toContain(CLIENT_KEY);

  stop.abort();
  await done;
  await rm(directory, { recursive: true });
}, 30_000);
