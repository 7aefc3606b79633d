/** The gateway as its users run it: a process of its own, told everything by a config file, reached over sockets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface GatewayProcess {
  readonly dataUrl: string;
  readonly adminUrl: string;
  stop(): Promise<void>;
}

const CLI = fileURLToPath(new URL('../../../../services/gateway/src/cli/leeward.ts', import.meta.url));

const LISTENING = /^leeward listens on (?<data>http:\S+) \(data\) and (?<admin>http:\S+) \(admin\)$/;

/** What it printed last says why it did not start. */
const KEPT_LINES = 40;

/** JSON is YAML. The secrets go by the environment, as the config refers to them. */
export async function startGateway(config: object, secrets: Readonly<Record<string, string>>): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-sdk-'));
  const file = join(folder, 'leeward.yaml');
  await writeFile(file, JSON.stringify(config));
  const child = spawn(process.execPath, [CLI, 'start', '--config', file], {
    env: secrets,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  // A run that is cut short must not leave it behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const printed: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<{ dataUrl: string; adminUrl: string }>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      printed.push(line);
      if (printed.length > KEPT_LINES) printed.shift();
      const { data, admin } = LISTENING.exec(line)?.groups ?? {};
      if (data !== undefined && admin !== undefined) resolve({ dataUrl: data, adminUrl: admin });
    });
  }
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`the gateway ended with code ${code}:\n${printed.join('\n')}`)));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await promise), stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
