/**
 * The simulator as a child process, as the demo runs it. A process and not an import: a service does not import
 * another, and a fault of the simulator must look like a fault of a remote, not like one of the gateway.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SIMULATOR_CONFIG, SIMULATOR_PROGRAM } from '../programs.ts';

export interface SimulatorUrls {
  readonly mistralUrl: string;
  readonly openaiUrl: string;
}

export interface RunningSimulator extends SimulatorUrls {
  readonly pid: number | undefined;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starting takes half a second; a machine that needs more than this has another problem. */
const START_MS = 20_000;

/**
 * The channel between the two closes when the parent ends, however it ends (SIGKILL included), and that ends the
 * child. A process group of its own keeps Ctrl-C from it, so that running streams may end while the gateway drains.
 */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent("process.once('disconnect', () => process.exit())")}`;

export class SimulatorFailure extends Error {
  override readonly name = 'SimulatorFailure';
}

export async function startSimulator(signal: AbortSignal): Promise<RunningSimulator> {
  const ports = ['--port', '0', '--openai-port', '0', '--control-port', '0'];
  const child = spawn(
    process.execPath,
    ['--import', END_WITH_PARENT, SIMULATOR_PROGRAM, '--config', SIMULATOR_CONFIG, ...ports],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const stop = async () => {
    // It has nothing to save, and would wait for connections that the gateway still keeps open.
    child.kill('SIGKILL');
    await ended;
  };
  try {
    return { ...(await listening(child, ended, signal)), pid: child.pid, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listening(child: ChildProcess, ended: Promise<void>, signal: AbortSignal): Promise<SimulatorUrls> {
  const urls = new Map<string, string>();
  let complaint = '';
  child.stderr?.on('data', (text: Buffer) => {
    // The beginning tells the cause; the rest is its stack.
    if (complaint.length < 2000) complaint += text.toString();
  });
  const { promise, resolve, reject } = Promise.withResolvers<SimulatorUrls>();
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [name, url] = listeningLine(line) ?? [];
      if (name === undefined || url === undefined) return;
      urls.set(name, url);
      const [mistralUrl, openaiUrl] = [urls.get('mistral'), urls.get('openai')];
      if (mistralUrl !== undefined && openaiUrl !== undefined) resolve({ mistralUrl, openaiUrl });
    });
  }
  ended.then(
    () => reject(new SimulatorFailure(`the simulator did not start: ${complaint.trim() || 'it ended at once'}`)),
    reject,
  );
  const late = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  const onLate = () =>
    reject(new SimulatorFailure(signal.aborted ? 'stopped' : `the simulator did not start within ${START_MS} ms`));
  if (late.aborted) onLate();
  late.addEventListener('abort', onLate, { once: true });
  try {
    return await promise;
  } finally {
    late.removeEventListener('abort', onLate);
  }
}

/** `{"listening":"mistral","url":"http://127.0.0.1:4010"}`; anything else it prints is not for us. */
function listeningLine(line: string): [string, string] | undefined {
  if (!line.startsWith('{')) return undefined;
  const said: unknown = JSON.parse(line);
  if (typeof said !== 'object' || said === null || !('listening' in said) || !('url' in said)) return undefined;
  const { listening: name, url } = said;
  return typeof name === 'string' && typeof url === 'string' ? [name, url] : undefined;
}
