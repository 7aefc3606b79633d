import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { REDACTED, Secret } from './secret.ts';

const VALUE = 'sk-very-secret';
const secret = new Secret(VALUE);

function printed(print: (console: Console) => void): string {
  const stream = new PassThrough();
  print(new Console(stream, stream));
  return String(stream.read());
}

const ways: Record<string, () => string> = {
  'JSON, nested': () => JSON.stringify({ keys: [{ secret }] }),
  // oxlint-disable-next-line typescript/restrict-template-expressions -- what people write in spite of the rule
  'a template': () => `${secret}`,
  concatenation: () => 'key ' + String(secret),
  'util.inspect': () => inspect({ secret }),
  'util.inspect of hidden fields': () => inspect(secret, { showHidden: true, depth: 9, getters: true }),
  'console.log': () => printed((console) => console.log('key', secret, { secret })),
  'console.table': () => printed((console) => console.table([{ secret }])),
  'an error’s cause': () => inspect(new Error('failed', { cause: { secret } })),
  'its own properties': () => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret)]) + REDACTED,
};

describe('Secret', () => {
  it.each(Object.entries(ways))('is not printed by %s', (_way, print) => {
    const text = print();
    expect(text).not.toContain(VALUE);
    expect(text).toContain(REDACTED);
  });

  it('shows nothing where custom inspection is switched off', () => {
    expect(printed((console) => console.dir({ secret }, { showHidden: true }))).not.toContain(VALUE);
    expect(inspect(secret, { customInspect: false, showHidden: true })).not.toContain(VALUE);
  });

  it('tells its value to who asks for it by name', () => {
    expect(secret.reveal()).toBe(VALUE);
  });
});
