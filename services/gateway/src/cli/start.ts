/** `leeward start`: a node with the given settings, or the demo, until the process is told to stop. */
import { isatty } from 'node:tty';
import { systemClock } from '@leeward/kernel';
import { readEnvironment } from '../config/environment.ts';
import type { Settings } from '../config/settings.ts';
import type { RunningGateway } from '../shut-down.ts';
import type { Reading } from '../workers/reading.ts';
import { WorkerFailure } from '../workers/worker-failure.ts';
import { countBuffersWithHeap } from './count-buffers.ts';
import { demoSettings, welcomeLines } from './demo.ts';
import { watchNpmShell } from './npm-shell.ts';
import { SimulatorFailure, startSimulator } from './simulator.ts';

/** What a node runs, and what that was read from. */
interface Configured {
  readonly settings: Settings;
  readonly reading: Reading;
  /** The file to watch for changes; undefined for what is built in. */
  readonly configPath: string | undefined;
}

export type StartInput = ({ readonly kind: 'configured' } & Configured) | { readonly kind: 'demo' };

type Print = (line: string) => void;

export interface StartOptions {
  /** Processes that serve; 1 is this one alone. */
  readonly workers: number;
}

const STANDARD_INPUT = 0;

/** Resolves to the exit code. */
export async function start(
  input: StartInput,
  { workers }: StartOptions,
  print: Print,
  printError: Print,
): Promise<number> {
  const stop = stopOnSignals(printError);
  watchNpmShell({ clock: systemClock, env: readEnvironment(), parentId: () => process.ppid }, () => stop.abort());
  try {
    return input.kind === 'demo'
      ? await runDemo(workers, stop, print, printError)
      : await runConfigured(input, workers, stop.signal, print);
  } catch (error) {
    if (stop.signal.aborted) return 0;
    if (!isSystemError(error) && !(error instanceof SimulatorFailure) && !(error instanceof WorkerFailure)) throw error;
    // A port that is taken, an address this machine does not have: the operator's to mend, no stack needed.
    printError(`leeward cannot start: ${error.message}${isTaken(error) ? TAKEN_ADVICE : ''}`);
    return 1;
  }
}

async function runConfigured(
  configured: Configured,
  workers: number,
  signal: AbortSignal,
  print: Print,
): Promise<number> {
  countBuffersWithHeap();
  const gateway = await run(configured, workers, signal, print);
  await gateway.done;
  return 0;
}

async function runDemo(workers: number, stop: AbortController, print: Print, printError: Print): Promise<number> {
  const simulator = await startSimulator(stop.signal);
  try {
    const demo = await demoSettings(simulator, print);
    const gateway = await run({ ...demo, configPath: undefined }, workers, stop.signal, print);
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

/** What each needs is loaded here and not above: `leeward check` has no need of the gateway, nor one process of two. */
async function run(
  configured: Configured,
  workers: number,
  signal: AbortSignal,
  print: Print,
): Promise<RunningGateway> {
  if (workers === 1) {
    const { runGateway } = await import('../main.ts');
    return runGateway({ ...configured, signal, print });
  }
  const { runNode } = await import('../workers/primary.ts');
  return runNode({ ...configured, workers, signal, print });
}

/**
 * The first signal drains; a second Ctrl-C is from someone who does not want to wait. SIGHUP says that the terminal is
 * gone, and where there is none, that files are to be read again, which happens by itself (config/watch.ts).
 */
function stopOnSignals(printError: Print): AbortController {
  const stop = new AbortController();
  const hasTerminal = isatty(STANDARD_INPUT);
  process.on('SIGTERM', () => stop.abort());
  process.on('SIGHUP', () => {
    if (hasTerminal) stop.abort();
  });
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(130);
    printError('draining: running requests may end; Ctrl-C again stops at once');
    stop.abort();
  });
  return stop;
}

const TAKEN_ADVICE = ': stop what listens there, or choose another port (listen.data, listen.admin)';

/** By the words: from a worker comes the message and nothing else. */
function isTaken({ message }: Error): boolean {
  return message.includes('EADDRINUSE');
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
