/**
 * An image to build from where no registry of images can be reached: this machine's shell, Node and npm, with the libraries
 * that they load. It stands in for `node:26`, and has no more than the Dockerfile asks of that.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

const EXTRA_CA = '/etc/extra-ca.pem';

/** Beside what programs link: what the resolver needs at run time, and a part of the C library that the page's bundler wants. */
const UNLINKED = [
  '/lib/x86_64-linux-gnu/librt.so.1',
  '/lib/x86_64-linux-gnu/libnss_dns.so.2',
  '/lib/x86_64-linux-gnu/libnss_files.so.2',
  '/lib/x86_64-linux-gnu/libresolv.so.2',
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
];

export async function makeParentImage(name: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'leeward-parent-'));
  try {
    await fill(root);
    const container = await run('buildah', ['from', 'scratch']);
    try {
      await run('buildah', ['copy', '--quiet', container, root, '/']);
      await run('buildah', ['config', ...environment(), container]);
      await run('buildah', ['commit', '--quiet', container, name]);
    } finally {
      await run('buildah', ['rm', container]);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function fill(root: string): Promise<void> {
  const put = async (path: string, to = path) => {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await copyFile(await realpath(path), join(root, to));
  };
  for (const folder of ['tmp', 'root', 'proc', 'dev', 'sys']) await mkdir(join(root, folder));
  await put('/bin/sh');
  await put(process.execPath, '/usr/bin/node');
  for (const library of await librariesOf(['/bin/sh', process.execPath])) await put(library);
  for (const path of UNLINKED) if (existsSync(path)) await put(path);
  const extraCa = process.env['NODE_EXTRA_CA_CERTS'];
  if (extraCa !== undefined) await put(extraCa, EXTRA_CA);
  await cp(await npmFolder(), join(root, 'usr/lib/npm'), { recursive: true });
  await script(root, '/usr/bin/npm', 'exec /usr/bin/node /usr/lib/npm/bin/npm-cli.js "$@"');
  await script(root, '/usr/bin/env', 'exec "$@"');
}

async function script(root: string, path: string, command: string): Promise<void> {
  await writeFile(join(root, path), `#!/bin/sh\n${command}\n`);
  await chmod(join(root, path), 0o755);
}

async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const listed = await Promise.all(programs.map((program) => run('ldd', [program])));
  return [...new Set(listed.join('\n').match(/\/lib\S+/g) ?? [])];
}

/** Where the npm is that runs this. */
async function npmFolder(): Promise<string> {
  const cli = process.env['npm_execpath'] ?? (await realpath((await run('sh', ['-c', 'command -v npm'])) || ''));
  return dirname(dirname(cli));
}

function environment(): string[] {
  const paths = ['--env', 'PATH=/usr/bin:/bin'];
  return process.env['NODE_EXTRA_CA_CERTS'] === undefined
    ? paths
    : [...paths, '--env', `NODE_EXTRA_CA_CERTS=${EXTRA_CA}`];
}
