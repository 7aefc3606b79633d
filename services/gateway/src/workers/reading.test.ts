import { expect, test } from 'vitest';
import { ENV, oneProvider } from '../fixtures/open-gateway.ts';
import { loadConfig } from '../config/load.ts';
import { loadReading, Recorder } from './reading.ts';

const CONFIG = JSON.stringify({
  ...oneProvider('http://127.0.0.1:9'),
  auth: { clientKeys: [{ name: 'checkout', secret: 'file:client-key' }] },
});

function filesystem(files: Map<string, string>) {
  const missing = () => Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return new Recorder((path) => {
    const text = files.get(path.split('/').at(-1) ?? '');
    return text === undefined ? Promise.reject(missing()) : Promise.resolve(Buffer.from(text));
  });
}

test('a config is loaded again from what was read of it, though the files have changed', async () => {
  const files = new Map([
    ['leeward.yaml', CONFIG],
    ['client-key', 'the-key-of-checkout'],
  ]);
  const recorder = filesystem(files);
  const input = { path: 'leeward.yaml' };
  const result = await loadConfig(input, { env: ENV, readFile: recorder.readFile });
  const reading = structuredClone(recorder.reading(input, ENV, result));
  files.clear();
  const again = await loadReading(reading);
  if (result.kind !== 'ok' || again.kind !== 'ok') throw new Error('both were to be good');
  expect(again.settings.fingerprint).toBe(result.settings.fingerprint);
  expect(again.settings.auth).toEqual(result.settings.auth);
});

test('a refusal is the same, the reason of a file that cannot be read included', async () => {
  const recorder = filesystem(new Map([['leeward.yaml', CONFIG]]));
  const input = { path: 'leeward.yaml' };
  const result = await loadConfig(input, { env: ENV, readFile: recorder.readFile });
  const again = await loadReading(structuredClone(recorder.reading(input, ENV, result)));
  expect(JSON.stringify(again)).toContain('the file it names does not exist');
  expect(again).toEqual(result);
});

test('only the files of the last load are kept', async () => {
  const recorder = filesystem(new Map([['leeward.yaml', CONFIG]]));
  await recorder.readFile('/old/leeward.yaml', 100);
  const input = { path: '/new/leeward.yaml' };
  const result = await loadConfig(input, { env: ENV, readFile: recorder.readFile });
  const { files } = recorder.reading(input, ENV, result);
  expect([...files.keys()].toSorted()).toEqual(['/new/client-key', '/new/leeward.yaml']);
});
