import { describe, expect, it } from 'vitest';
import { chooseSource, type Environment } from './environment.ts';
import { loadConfig } from './load.ts';

const noFiles = () => Promise.reject(new Error('no files'));

async function builtIn(env: Environment) {
  const source = chooseSource(env, undefined);
  if (source.kind !== 'built-in') throw new Error(source.kind);
  return loadConfig({ text: source.text }, { env: source.env, readFile: noFiles });
}

describe('where the config comes from', () => {
  it('is the flag before the variable, the variable before keys, keys before the demo', () => {
    const env = { LEEWARD_CONFIG: '/etc/leeward.yaml', MISTRAL_API_KEY: 'k' };
    expect(chooseSource(env, 'mine.yaml')).toEqual({ kind: 'file', path: 'mine.yaml' });
    expect(chooseSource(env, undefined)).toEqual({ kind: 'file', path: '/etc/leeward.yaml' });
    expect(chooseSource({ MISTRAL_API_KEY: 'k' }, undefined).kind).toBe('built-in');
    expect(chooseSource({}, undefined)).toEqual({ kind: 'demo' });
  });

  it('takes empty variables as not set', () => {
    expect(chooseSource({ LEEWARD_CONFIG: '', MISTRAL_API_KEY: ' ', MISTRAL_API_KEYS: ',' }, undefined).kind).toBe(
      'demo',
    );
  });
});

describe('the built-in config', () => {
  it('is the real Mistral for every model, on loopback, without auth', async () => {
    const result = await builtIn({ MISTRAL_API_KEY: 'first-key' });
    if (result.kind !== 'ok') throw new Error(JSON.stringify(result.problems));
    const { listen, auth, providers, routes } = result.settings;
    expect([listen.data.host, listen.admin.host]).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(auth).toEqual({ kind: 'none' });
    expect(providers['mistral']?.baseUrl).toBe('https://api.mistral.ai');
    expect(routes['*']?.pools).toEqual([[{ provider: 'mistral', weight: 1 }]]);
  });

  it('has every key of both variables once, each a quota group of its own', async () => {
    const result = await builtIn({ MISTRAL_API_KEY: 'one', MISTRAL_API_KEYS: 'two, one,three,' });
    if (result.kind !== 'ok') throw new Error(JSON.stringify(result.problems));
    const keys = result.settings.providers['mistral']?.keys ?? [];
    expect(keys.map(({ secret }) => secret.reveal())).toEqual(['one', 'two', 'three']);
    expect(keys.map(({ quotaGroup }) => quotaGroup)).toEqual([undefined, undefined, undefined]);
    expect(new Set(keys.map(({ name }) => name)).size).toBe(3);
  });

  it('refuses a key that cannot be sent as a header, without showing it', async () => {
    const result = await builtIn({ MISTRAL_API_KEYS: 'good-key,bad\u00e9key' });
    expect(result.kind).toBe('refused');
    expect(JSON.stringify(result)).not.toContain('bad\u00e9key');
  });
});
