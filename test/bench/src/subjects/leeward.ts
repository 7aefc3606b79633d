/**
 * Leeward with client auth, three keys in three quota groups, breakers, metrics, one trace in a hundred exported and a
 * log of what is not routine. The line per request is off, as it is with the proxies beside it.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIENT_KEY, MODEL, UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import type { Bed, Running, Subject } from './subject.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const LETTERS = ['a', 'b', 'c'] as const;

function config(options: { port: number; adminPort: number; upstreamPort: number; otlpPort: number }): string {
  const keys = LETTERS.map(
    (letter) =>
      `      - { name: ${letter}, secret: "env:BENCH_KEY_${letter.toUpperCase()}", quotaGroup: workspace-${letter} }`,
  );
  return `listen:
  data: 127.0.0.1:${options.port}
  admin: 127.0.0.1:${options.adminPort}
auth:
  clientKeys:
    - { name: bench, secret: "env:BENCH_CLIENT_KEY" }
providers:
  mistral:
    dialect: mistral
    baseUrl: http://127.0.0.1:${options.upstreamPort}
    quotaGroups:
${LETTERS.map((letter) => `      workspace-${letter}: {}`).join('\n')}
    keys:
${keys.join('\n')}
routes:
  ${MODEL}:
    pools: [[{ provider: mistral, model: ${MODEL} }]]
  "*":
    pools: [[{ provider: mistral }]]
telemetry:
  otlp: { endpoint: "http://127.0.0.1:${options.otlpPort}" }
  traceSampling: 0.01
  logLevel: info
  accessLog: false
`;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version?: string };
  return manifest.version ?? 'unknown version';
}

async function start(bed: Bed, workers: number): Promise<Running> {
  const name = `leeward-${workers}`;
  const dir = mkdtempSync(join(bed.dir, `${name}-`));
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(dir, 'leeward.yaml');
  writeFileSync(file, config({ port, adminPort, upstreamPort: bed.upstreamPort, otlpPort: bed.otlpPort }));
  const child = bed.processes.start({
    name,
    file: process.execPath,
    args: ['services/gateway/src/cli/leeward.ts', 'start', '--config', file, '--workers', String(workers)],
    core: bed.core,
    cwd: ROOT,
    env: {
      NODE_ENV: 'production',
      BENCH_CLIENT_KEY: CLIENT_KEY,
      ...Object.fromEntries(LETTERS.map((letter, i) => [`BENCH_KEY_${letter.toUpperCase()}`, UPSTREAM_KEYS[i] ?? ''])),
    },
  });
  const pid = await bed.processes.ready(child, () => answers(`http://127.0.0.1:${adminPort}/healthz/ready`, 200));
  return { port, pid, headers: { authorization: `Bearer ${CLIENT_KEY}` } };
}

/** With more than one worker, all of them and their primary on the one core. */
export function leewardOf(workers: number): Subject {
  return {
    name: 'leeward',
    label: 'Leeward',
    prepare: () => ({ ready: true, version: version() }),
    start: (bed) => start(bed, workers),
  };
}

export const leeward = leewardOf(1);
