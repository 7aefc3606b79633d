/** `leeward start`: a node with the given settings, or the demo, until the process is told to stop. */
import { systemClock } from '@leeward/kernel';
import { readEnvironment } from '../config/environment.ts';
import type { Settings } from '../config/settings.ts';
import { countBuffersWithHeap } from './count-buffers.ts';
import { demoSettings, welcomeLines } from './demo.ts';
import { watchNpmShell } from './npm-shell.ts';
import { SimulatorFailure, startSimulator } from './simulator.ts';

export type StartInput =
  | { readonly kind: 'configured'; readonly settings: Settings; readonly configPath: string | undefined }
  | { readonly kind: 'demo' };

type Print = (line: string) => void;

/** Resolves to the exit code. */
export async function start(input: StartInput, print: Print, printError: Print): Promise<number> {
  const stop = stopOnSignals(printError);
  watchNpmShell({ clock: systemClock, env: readEnvironment(), parentId: () => process.ppid }, () => stop.abort());
  try {
    return input.kind === 'demo'
      ? await runDemo(stop, print, printError)
      : await runConfigured(input, stop.signal, print);
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (!isSystemError(error) && !(error instanceof SimulatorFailure)) throw error;
    // A port that is taken, an address this machine does not have: the operator's to mend, no stack needed.
    printError(`leeward cannot start: ${error.message}`);
    return 1;
  }
}

async function runConfigured(
  { settings, configPath }: { readonly settings: Settings; readonly configPath: string | undefined },
  signal: AbortSignal,
  print: Print,
): Promise<number> {
  countBuffersWithHeap();
  // Loaded here and not above: `leeward check` has no need of the whole gateway.
  const { runGateway } = await import('../main.ts');
  const gateway = await runGateway({ settings, configPath, signal, print });
  await gateway.done;
  return 0;
}

async function runDemo(stop: AbortController, print: Print, printError: Print): Promise<number> {
  const { runGateway } = await import('../main.ts');
  const simulator = await startSimulator(stop.signal);
  try {
    const settings = await demoSettings(simulator, print);
    const gateway = await runGateway({ settings, configPath: undefined, signal: stop.signal, print });
    for (const line of welcomeLines(gateway)) print(line);
    const first = await Promise.race([gateway.done.then(() => 'gateway'), simulator.ended.then(() => 'simulator')]);
    if (first === 'gateway') return 0;
    printError('the simulator has ended, and the demo with it');
    stop.abort();
    await gateway.done;
    return 1;
  } finally {
    await simulator.stop();
  }
}

/** The first signal drains; a second Ctrl-C is from someone who does not want to wait. */
function stopOnSignals(printError: Print): AbortController {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(130);
    printError('draining: running requests may end; Ctrl-C again stops at once');
    stop.abort();
  });
  return stop;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
