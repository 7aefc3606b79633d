/** Picks among pools of several sizes, each in a process of its own on the subjects' core. */
import { fileURLToPath } from 'node:url';
import { PICK_TARGETS } from '../plan.ts';
import type { Processes } from '../processes.ts';
import { call } from '../rpc.ts';
import type { PickFigures } from './measure-pick.ts';
import type { PickTask } from './worker.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

export async function measurePicks(
  deps: { processes: Processes; say: (line: string) => void },
  core: number,
): Promise<PickFigures[]> {
  const figures: PickFigures[] = [];
  for (const targets of PICK_TARGETS) {
    deps.say(`a pick among ${targets} targets`);
    const name = `pick-${targets}`;
    const child = deps.processes.start({
      name,
      file: process.execPath,
      args: ['--expose-gc', WORKER],
      core,
      ipc: true,
    });
    await deps.processes.ready(child, async () => true);
    figures.push(await call<PickFigures>(child, { targets } satisfies PickTask));
    child.disconnect();
  }
  return figures;
}
