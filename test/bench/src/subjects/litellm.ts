/**
 * LiteLLM's proxy with three deployments, a key each, and the settings its makers advise for production. It has no
 * database, so that it keeps no spend; without a master key it does not start, so that it checks its clients' key.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_KEY, MODEL, UPSTREAM_KEYS } from '../contract.ts';
import { answers, freePort } from '../processes.ts';
import { commandOf, findOrInstallPython, type PythonPackage } from './python-package.ts';
import type { Subject } from './subject.ts';

const PACKAGE: PythonPackage = { name: 'litellm', version: '1.106.2', extra: 'proxy', command: 'litellm' };

/** It takes no other form of key. */
const MASTER_KEY = `sk-${CLIENT_KEY}`;

function config(upstreamPort: number): string {
  const deployments = UPSTREAM_KEYS.map(
    (key) => `  - model_name: ${MODEL}
    litellm_params: { model: mistral/${MODEL}, api_base: "http://127.0.0.1:${upstreamPort}/v1", api_key: ${key} }`,
  );
  return `model_list:
${deployments.join('\n')}
general_settings: { master_key: ${MASTER_KEY}, disable_spend_logs: true, disable_error_logs: true }
litellm_settings: { request_timeout: 600, set_verbose: false }
router_settings: { routing_strategy: simple-shuffle }
`;
}

export const litellm: Subject = {
  name: 'litellm',
  label: 'LiteLLM proxy',
  prepare: () => findOrInstallPython(PACKAGE),
  async start(bed) {
    const dir = join(bed.dir, 'litellm');
    mkdirSync(dir, { recursive: true });
    const port = await freePort();
    const file = join(dir, 'config.yaml');
    writeFileSync(file, config(bed.upstreamPort));
    const child = bed.processes.start({
      name: 'litellm',
      file: commandOf(PACKAGE),
      args: ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'],
      core: bed.core,
      cwd: dir,
      env: {
        LITELLM_MODE: 'PRODUCTION',
        LITELLM_LOG: 'ERROR',
        // The prices that came with it: else it fetches them while starting.
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      },
    });
    const pid = await bed.processes.ready(child, () => answers(`http://127.0.0.1:${port}/health/liveliness`, 200));
    return { port, pid, headers: { authorization: `Bearer ${MASTER_KEY}` } };
  },
};
