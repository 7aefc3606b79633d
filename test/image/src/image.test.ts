import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BUILDAH, requireTool } from '@leeward/tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Container } from './container.ts';
import { makeParentImage } from './parent-image.ts';
import { run } from './run.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PARENT = 'localhost/leeward-test-parent';
const IMAGE = 'localhost/leeward-test';

let container: Container;

beforeAll(async () => {
  requireTool(BUILDAH);
  await makeParentImage(PARENT);
  const npmrc = join(homedir(), '.npmrc');
  const secret = existsSync(npmrc) ? ['--secret', `id=npmrc,src=${npmrc}`] : [];
  const build = ['build', '--isolation', 'chroot', '--build-arg', `NODE_IMAGE=${PARENT}`, '--timestamp', '0'];
  await run('buildah', [...build, ...secret, '--tag', IMAGE, '--file', join(ROOT, 'deploy/Dockerfile'), ROOT]);
  container = await Container.of(IMAGE);
}, 600_000);

afterAll(async () => {
  await container[Symbol.asyncDispose]();
  for (const image of [IMAGE, PARENT]) await run('buildah', ['rmi', '--force', image]);
});

/** The addresses that it says it listens on. */
async function listening(child: ChildProcess): Promise<{ dataUrl: string; adminUrl: string }> {
  if (child.stdout === null) throw new Error('it has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, dataUrl, adminUrl] = /listens on (\S+) \(data\) and (\S+) \(admin\)/.exec(line) ?? [];
    if (dataUrl === undefined || adminUrl === undefined) continue;
    child.stdout.resume();
    return { dataUrl, adminUrl };
  }
  throw new Error('it ended without listening');
}

const files = (folder = ''): string[] =>
  readdirSync(join(container.root, folder), { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(container.root, folder, path), { throwIfNoEntry: false })?.isFile(),
  );

describe('the image', () => {
  it('holds Node, the bundle and libraries, and neither a shell nor a package manager', () => {
    const all = files();
    expect(all.filter((path) => !/^(app|bin|etc|usr\/lib|lib|lib64)\//.test(path))).toEqual([]);
    expect(all.filter((path) => path.startsWith('bin/'))).toEqual(['bin/node']);
    expect(all.filter((path) => /node_modules|\.ts$|\.npmrc/.test(path))).toEqual([]);
  });

  it('is small: little more than Node itself', () => {
    const bytes = (paths: readonly string[]) =>
      paths.reduce((sum, path) => sum + statSync(join(container.root, path)).size, 0);
    expect(bytes(files()) - bytes(['bin/node'])).toBeLessThan(16 * 1024 * 1024);
  });

  it('names a user that is not root, by number', () => {
    expect(container.config.User).toBe('65532:65532');
  });

  it('tells what it is made of', () => {
    const sbom = JSON.parse(readFileSync(join(container.root, 'app/sbom.cdx.json'), 'utf8')) as {
      components: { name: string; version: string }[];
    };
    const names = sbom.components.map(({ name }) => name);
    for (const name of ['express', 'opossum', 'prom-client', 'hashring', '@nats-io/transport-node']) {
      expect(names).toContain(name);
    }
    expect(names).not.toContain('vitest');
  });

  it('has the same bundle when it is built again', async () => {
    await run('node', [join(ROOT, 'deploy/bundle.ts')]);
    const built = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(ROOT, 'dist', path)).isFile())
      .toSorted();
    expect(built).toContain('console/index.html');
    expect(files('app').toSorted()).toEqual([...built, 'sbom.cdx.json'].toSorted());
    const differing = built.filter((file) => {
      const again = readFileSync(join(ROOT, 'dist', file));
      return !readFileSync(join(container.root, 'app', file)).equals(again);
    });
    expect(differing).toEqual([]);
  });
});

describe('a container of it', () => {
  it('serves from a root that cannot be written to, as nobody, and stops in order', async () => {
    const child = container.start(container.config.Cmd);
    const { dataUrl, adminUrl } = await listening(child);
    const answer = await fetch(`${dataUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mistral-small-latest', messages: [{ role: 'user', content: 'Say hello' }] }),
    });
    expect(answer.status).toBe(200);
    expect((await fetch(`${adminUrl}/healthz/ready`)).status).toBe(200);
    expect(await (await fetch(`${adminUrl}/metrics`)).text()).toContain('leeward_requests_total');
    const status = readFileSync(`/proc/${await nodeOf(child)}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe('65532');
    expect(/^NoNewPrivs:\s+(\d)/m.exec(status)?.[1]).toBe('1');
    expect(/^CapEff:\s+(\w+)/m.exec(status)?.[1]).toMatch(/^0+$/);
    process.kill(await nodeOf(child), 'SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('starts several processes and its simulator from the bundle', async () => {
    const child = container.start(['start', '--workers', '2']);
    const { adminUrl } = await listening(child);
    expect(await (await fetch(`${adminUrl}/metrics`)).text()).toMatch(/^leeward_workers 2$/m);
    process.kill(await nodeOf(child), 'SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('cannot write anywhere', async () => {
    const write = "require('fs').writeFileSync('/app/x', '')";
    const child = container.run([...container.config.Entrypoint.slice(0, 1), '-e', write]);
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(complaint).toMatch(/EROFS|EACCES/);
  });
});

/** Its first process, seen from outside: the one that unshare has forked. */
async function nodeOf({ pid }: ChildProcess): Promise<number> {
  const children = await run('cat', [`/proc/${pid}/task/${pid}/children`]);
  return Number(children.split(' ')[0]);
}
