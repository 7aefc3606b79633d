/**
 * The Portkey gateway as published, the peer that a Node service would be compared with. Fetched by npm into a cache
 * outside the project, with no install scripts, and run by its own start-server. The client names the provider and the
 * upstream in headers, which is its ordinary way to a custom host; it then translates requests and answers as it does
 * for Mistral.
 *
 * One of its dependencies is held back: with @hono/node-server past 1.14.1, which its range admits, it answers every
 * stream with 500. A peer that fails would be no comparison.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import { cacheDir, type Prepared, type Subject } from './subject.ts';

const VERSION = '1.15.2';
const HELD_BACK = { '@hono/node-server': '1.14.1' };

function installDir(): string {
  return cacheDir(`portkey-${VERSION}-${HELD_BACK['@hono/node-server']}`);
}

function serverFile(): string {
  return join(installDir(), 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
}

function prepare(): Prepared {
  if (existsSync(serverFile())) return { ready: true, version: VERSION };
  const manifest = { private: true, dependencies: { '@portkey-ai/gateway': VERSION }, overrides: HELD_BACK };
  writeFileSync(join(installDir(), 'package.json'), JSON.stringify(manifest));
  const args = ['install', '--prefix', installDir(), '--ignore-scripts', '--no-audit', '--no-fund'];
  const result = spawnSync('npm', args, { encoding: 'utf8', cwd: installDir() });
  if (existsSync(serverFile())) return { ready: true, version: VERSION };
  const reason = result.error?.message ?? result.stderr.trim().slice(-300); // `error`: there is no npm to run.
  return { ready: false, missing: `npm install @portkey-ai/gateway@${VERSION} failed: ${reason}` };
}

export const portkey: Subject = {
  name: 'portkey',
  label: 'Portkey gateway',
  prepare,
  async start(bed) {
    const port = await freePort();
    const child = bed.processes.start({
      name: 'portkey',
      file: process.execPath,
      args: [serverFile(), `--port=${port}`, '--headless'],
      core: bed.core,
      cwd: installDir(),
      env: { NODE_ENV: 'production' },
    });
    const pid = await bed.processes.ready(child, () => answers(`http://127.0.0.1:${port}/`, 200));
    return {
      port,
      pid,
      headers: {
        authorization: `Bearer ${UPSTREAM_KEYS[0]}`,
        'x-portkey-provider': 'mistral-ai',
        'x-portkey-custom-host': `http://127.0.0.1:${bed.upstreamPort}/v1`,
      },
    };
  },
};
