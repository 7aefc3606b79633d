/** haproxy as a plain reverse proxy: one thread, connections to the upstream reused, no log. See nginx.ts for why. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import type { Subject } from './subject.ts';
import { findOrInstall } from './system-package.ts';

/** `http-no-delay` so that small chunks of a stream are not held back to fill a segment. */
function config(options: { port: number; upstreamPort: number }): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  option http-keep-alive
  option http-no-delay
  http-reuse always
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend clients
  bind 127.0.0.1:${options.port} backlog 2048
  default_backend mistral
backend mistral
  server upstream 127.0.0.1:${options.upstreamPort} pool-max-conn 1024
`;
}

export const haproxy: Subject = {
  name: 'haproxy',
  label: 'haproxy',
  prepare: () => findOrInstall({ binary: 'haproxy', package: 'haproxy', versionArgs: ['-v'] }),
  async start(bed) {
    const dir = join(bed.dir, 'haproxy');
    mkdirSync(dir, { recursive: true });
    const port = await freePort();
    const file = join(dir, 'haproxy.cfg');
    writeFileSync(file, config({ port, upstreamPort: bed.upstreamPort }));
    const child = bed.processes.start({ name: 'haproxy', file: 'haproxy', args: ['-db', '-f', file], core: bed.core });
    const pid = await bed.processes.ready(child, () => answers(`http://127.0.0.1:${port}/v1/models`, 200));
    return { port, pid, headers: { authorization: `Bearer ${UPSTREAM_KEYS[0]}` } };
  },
};
