/** The gateway's own commands, as users type them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TEST_ONLY_CERTIFICATE, TEST_ONLY_KEY } from '@leeward/testkit';
import { ROOT } from './places.ts';
import type { Release } from './release.ts';

/** Entries of a Secret of certificates. They are for tests, and their authority is themselves. */
export const CERTIFICATES = {
  'tls.crt': TEST_ONLY_CERTIFICATE,
  'tls.key': TEST_ONLY_KEY,
  'ca.crt': TEST_ONLY_CERTIFICATE,
} as const;

const LEEWARD = join(ROOT, 'services/gateway/src/cli/leeward.ts');

/** What a pod would see: the mounted config, and the Secret's entries as files beside it. */
export interface PodFiles {
  readonly folder: string;
  readonly config: string;
  readonly remove: () => Promise<void>;
}

/** `change` makes of the rendered config what can run here; the folder of the Secret is moved in any case. */
export async function podFiles(
  release: Release,
  entries: Readonly<Record<string, string>>,
  change: (config: string) => string = (config) => config,
): Promise<PodFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-pod-'));
  const config = join(folder, 'leeward.yaml');
  const text = change(release.configText()).replaceAll(/file:\/\S*\//g, `file:${folder}/`);
  await writeFile(config, text);
  for (const [, entry = ''] of text.matchAll(/file:\S*\/(\S+)/g)) {
    await writeFile(join(folder, entry), `${entries[entry] ?? `made-up-${entry}`}\n`);
  }
  return { folder, config, remove: () => rm(folder, { recursive: true }) };
}

export async function check(config: string, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, [LEEWARD, 'check', config], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return `${output}${errors}`;
}

export interface RunningNode {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly stop: () => Promise<void>;
}

/** Started with the arguments that the Deployment has. */
export async function startNode(args: readonly string[]): Promise<RunningNode> {
  const child = spawn(process.execPath, [LEEWARD, ...args], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  for (;;) {
    const [, dataUrl, adminUrl] = /listens on (https?:\S+) \(data\) and (https?:\S+) \(admin\)/.exec(output) ?? [];
    if (dataUrl !== undefined && adminUrl !== undefined) {
      return {
        dataUrl,
        adminUrl,
        stop: async () => {
          child.kill('SIGTERM');
          await exited;
        },
      };
    }
    if (child.exitCode !== null) throw new Error(`the gateway did not start:\n${output}`);
    await Promise.race([once(child.stdout, 'data'), exited]);
  }
}
