/**
 * Where the other programs are that this one starts: among the sources, or beside it in the production bundle, which is one
 * directory of JavaScript.
 */
import { fileURLToPath } from 'node:url';

const isBundled = !import.meta.url.endsWith('.ts');

function at(source: string, bundled: string): string {
  return fileURLToPath(new URL(isBundled ? bundled : source, import.meta.url));
}

export const WORKER_PROGRAM = at('./workers/worker-entry.ts', './worker-entry.js');
export const SIMULATOR_PROGRAM = at('../../mistral-sim/src/cli.ts', './mistral-sim.js');
export const SIMULATOR_CONFIG = at('../../mistral-sim/examples/mild.yaml', './mistral-sim.yaml');
