import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { demoSettings, welcomeLines } from './demo.ts';

const URLS = { mistralUrl: 'http://127.0.0.1:1001', openaiUrl: 'http://127.0.0.1:1002' };

/** Takes the port, unless somebody has it already: either way it is taken. */
async function taken(port: number): Promise<() => void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', resolve);
  });
  return () => server.close();
}

describe('the settings of the demo', () => {
  it('have three workspaces and a secondary, behind routes for chat, code, embeddings and everything else', async () => {
    const { settings } = await demoSettings(URLS, () => undefined);
    const { providers, routes, auth } = settings;
    expect(providers['mistral']?.keys.map(({ secret }) => secret.reveal())).toEqual([
      'sim-key-a',
      'sim-key-b',
      'sim-key-c',
    ]);
    expect(providers['mistral']?.baseUrl).toBe(URLS.mistralUrl);
    expect(providers['backup']?.keys.map(({ secret }) => secret.reveal())).toEqual(['sim-openai-key']);
    expect(Object.keys(routes)).toEqual([
      'mistral-small-latest',
      'mistral-large-latest',
      'codestral-latest',
      'mistral-embed',
      '*',
    ]);
    expect(auth).toEqual({ kind: 'none' });
  });

  it('take free ports, and say so, where the usual ones are taken', async () => {
    const releases = [await taken(8080), await taken(9090)];
    const lines: string[] = [];
    const { settings } = await demoSettings(URLS, (line) => lines.push(line));
    const { listen } = settings;
    for (const release of releases) release();
    expect(listen).toEqual({ data: { host: '127.0.0.1', port: 0 }, admin: { host: '127.0.0.1', port: 0 } });
    expect(lines).toEqual([
      'port 8080 is taken: the data port is a free one instead',
      'port 9090 is taken: the admin port is a free one instead',
    ]);
  });

  it('welcome with the URLs that are really listened on', () => {
    const text = welcomeLines({ dataUrl: 'http://127.0.0.1:5001', adminUrl: 'http://127.0.0.1:5002' }).join('\n');
    expect(text).toContain('http://127.0.0.1:5002/console');
    expect(text).toContain('curl -N http://127.0.0.1:5001/v1/chat/completions');
  });
});
