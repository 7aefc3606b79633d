/**
 * nginx as a plain reverse proxy: one worker, keep-alive to the upstream, no buffering of answers (a stream must pass
 * as it comes), no access log. It does none of a gateway's work; it is the mark of what passing bytes on costs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import type { Subject } from './subject.ts';
import { findOrInstall } from './system-package.ts';

function config(options: { dir: string; port: number; upstreamPort: number; user: string }): string {
  const { dir, port, upstreamPort, user } = options;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(dir, kind)};`)
    .join('\n');
  return `daemon off;
${user}worker_processes 1;
pid ${join(dir, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 4096; }
http {
${temporary}
  access_log off;
  server_tokens off;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  upstream mistral {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=2048;
    location / {
      proxy_pass http://mistral;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

export const nginx: Subject = {
  name: 'nginx',
  label: 'nginx',
  prepare: () => findOrInstall({ binary: 'nginx', package: 'nginx-light', versionArgs: ['-v'] }),
  async start(bed) {
    const dir = join(bed.dir, 'nginx');
    mkdirSync(dir, { recursive: true });
    const port = await freePort();
    const file = join(dir, 'nginx.conf');
    // As root it would otherwise hand its worker to a user who may not read our directory.
    const user = process.getuid?.() === 0 ? 'user root;\n' : '';
    writeFileSync(file, config({ dir, port, upstreamPort: bed.upstreamPort, user }));
    const child = bed.processes.start({
      name: 'nginx',
      file: 'nginx',
      args: ['-e', 'stderr', '-p', dir, '-c', file],
      core: bed.core,
    });
    const pid = await bed.processes.ready(child, () => answers(`http://127.0.0.1:${port}/v1/models`, 200));
    return { port, pid, headers: { authorization: `Bearer ${UPSTREAM_KEYS[0]}` } };
  },
};
