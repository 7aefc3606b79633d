/**
 * The demo: with nothing configured, a newcomer gets a simulator of three Mistral workspaces and a secondary
 * provider, and a gateway in front of it, with no account and no other server.
 */
import { createServer } from 'node:net';
import { problemText } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { loadReading, type Reading } from '../workers/reading.ts';
import type { SimulatorUrls } from './simulator.ts';

const DATA_PORT = 8080;
const ADMIN_PORT = 9090;

/** The simulator's keys open nothing, so they may be read here; they still pass through `env:`, like any other. */
const SIMULATED_KEYS = {
  SIM_KEY_A: 'sim-key-a',
  SIM_KEY_B: 'sim-key-b',
  SIM_KEY_C: 'sim-key-c',
  SIM_OPENAI_KEY: 'sim-openai-key',
};

export interface Demo {
  readonly settings: Settings;
  readonly reading: Reading;
}

export async function demoSettings(urls: SimulatorUrls, print: (line: string) => void): Promise<Demo> {
  const config = demoConfig(urls, await freePort(DATA_PORT, 'data', print), await freePort(ADMIN_PORT, 'admin', print));
  const reading: Reading = { input: { text: JSON.stringify(config) }, env: SIMULATED_KEYS, files: new Map() };
  const result = await loadReading(reading);
  if (result.kind === 'ok') return { settings: result.settings, reading };
  throw new Error(`the demo's own config is refused: ${result.problems.map(problemText).join('; ')}`);
}

function demoConfig({ mistralUrl, openaiUrl }: SimulatorUrls, dataPort: number, adminPort: number): object {
  const workspaces = ['a', 'b', 'c'];
  const mistral = (model: string) => [{ provider: 'mistral', model }];
  const backup = (model: string) => [{ provider: 'backup', model }];
  return {
    listen: { data: `127.0.0.1:${dataPort}`, admin: `127.0.0.1:${adminPort}` },
    auth: 'none',
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: mistralUrl,
        keys: workspaces.map((letter) => ({
          name: `workspace-${letter}`,
          secret: `env:SIM_KEY_${letter.toUpperCase()}`,
        })),
      },
      backup: { dialect: 'openai', baseUrl: openaiUrl, keys: [{ name: 'main', secret: 'env:SIM_OPENAI_KEY' }] },
    },
    routes: {
      'mistral-small-latest': { pools: [mistral('mistral-small-latest'), backup('gpt-4.1-mini')] },
      'mistral-large-latest': {
        pools: [mistral('mistral-large-latest'), mistral('mistral-medium-latest'), backup('gpt-4.1')],
      },
      // Fill-in-the-middle has no counterpart elsewhere, and vectors of two models do not mix: no secondary for these.
      'codestral-latest': { pools: [mistral('codestral-latest')] },
      'mistral-embed': { pools: [mistral('mistral-embed')] },
      '*': { pools: [[{ provider: 'mistral' }]] },
    },
    // A line per request would bury what a newcomer is to read.
    telemetry: { accessLog: false, logLevel: 'warn' },
  };
}

/** What a newcomer does next; the command works as pasted. */
export function welcomeLines({ dataUrl, adminUrl }: { readonly dataUrl: string; readonly adminUrl: string }): string[] {
  const body = {
    model: 'mistral-small-latest',
    stream: true,
    messages: [{ role: 'user', content: 'Say hello' }],
  };
  return [
    'Leeward demo: three simulated Mistral workspaces and a secondary provider, with mild faults. No account is needed.',
    '',
    `  data     ${dataUrl}`,
    `  console  ${adminUrl}/console`,
    '',
    'Try:',
    '',
    `  curl -N ${dataUrl}/v1/chat/completions -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
    '',
    'For the real Mistral set MISTRAL_API_KEY; for a config file of your own use --config FILE. Ctrl-C ends.',
  ];
}

/** The port itself when nobody has it, else 0, which takes any; a demo must not fail over what else runs here. */
async function freePort(port: number, name: string, print: (line: string) => void): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  if (await promise) return port;
  print(`port ${port} is taken: the ${name} port is a free one instead`);
  return 0;
}
