/**
 * Shepherd Model Gateway, written in Rust, from the compiled package its makers publish. The upstream is registered
 * three times, with a key each; the paths tell the three apart, the upstream does not look at them.
 */
import { MODEL, UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import { commandOf, findOrInstallPython, type PythonPackage } from './python-package.ts';
import type { Subject } from './subject.ts';

const PACKAGE: PythonPackage = { name: 'smg', version: '1.13.0', command: 'smg' };

/** Its connections to the upstream outlast the turns of the others, as the proxies' do. */
const KEEP_IDLE_FOR_EVER = 0;

/** It answers a registration at once and carries it out later. */
const ANSWER_WITHIN_MS = 5000;

async function register(options: { port: number; upstreamPort: number; key: string }): Promise<void> {
  const { port, upstreamPort, key } = options;
  const response = await fetch(`http://127.0.0.1:${port}/workers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      url: `http://127.0.0.1:${upstreamPort}/${key}`,
      api_key: key,
      models: [{ id: MODEL }],
      // The cheapest of its ways: as an external provider, large bodies cost it half as much again.
      runtime_type: 'vllm',
      connection_mode: 'http',
    }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (!response.ok) throw new Error(`it refused an upstream: ${response.status} ${await response.text()}`);
}

async function areRegistered(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/workers`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  const { workers } = (await response.json()) as { workers?: { status?: string }[] };
  return workers?.filter(({ status }) => status === 'ready').length === UPSTREAM_KEYS.length;
}

/** A line each; the last two end what it does for engines of one's own alone. */
function options(port: number, metricsPort: number): string[] {
  return `launch --enable-igw
    --host 127.0.0.1 --port ${port}
    --prometheus-host 127.0.0.1 --prometheus-port ${metricsPort}
    --policy round_robin
    --history-backend none
    --log-level error
    --upstream-pool-idle-timeout-secs ${KEEP_IDLE_FOR_EVER}
    --disable-load-monitoring
    --disable-tokenizer-autoload`.split(/\s+/);
}

export const smg: Subject = {
  name: 'smg',
  label: 'SMG',
  prepare: () => findOrInstallPython(PACKAGE),
  async start(bed) {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const child = bed.processes.start({
      name: 'smg',
      file: commandOf(PACKAGE),
      args: options(port, metricsPort),
      core: bed.core,
    });
    await bed.processes.ready(child, () => answers(`http://127.0.0.1:${port}/health`, 200));
    for (const key of UPSTREAM_KEYS) await register({ port, upstreamPort: bed.upstreamPort, key });
    const pid = await bed.processes.ready(child, () => areRegistered(port));
    return { port, pid, headers: {} };
  },
};
