#!/usr/bin/env node
/** The command line: reads arguments, finds the config, and hands over. Each command's work is in its own file. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '@leeward/kernel';
import { type ConfigSource, chooseSource, readEnvironment } from '../config/environment.ts';
import { type ReadFile, readFileBounded } from '../config/files.ts';
import { type ConfigResult, loadConfig } from '../config/load.ts';
import { VERSION } from '../version.ts';
import { Recorder } from '../workers/reading.ts';
import { check, resultLines } from './check.ts';
import { inspectKeys } from '../admin/inspect-keys.ts';
import { keysTable } from './keys-table.ts';
import { start } from './start.ts';

const USAGE = `Leeward ${VERSION}, a gateway that keeps Mistral traffic on a healthy, fast key and model.

  leeward start [--config FILE] [--workers N|auto]  runs a node; with nothing configured, the demo
  leeward check FILE [--without-secrets]            tells every problem of a config; exit code 0 or 1
  leeward keys [--config FILE] [--requests N] [--json]
                                                    asks each configured key: valid, models, quota, latency;
                                                    exit code 1 unless all are valid
  leeward --help | --version

Without --config: the file in LEEWARD_CONFIG, else the keys in MISTRAL_API_KEY or MISTRAL_API_KEYS (a comma list).
--without-secrets: passes over secrets that are not on this machine, as in CI.
--workers: how many processes share the data port; auto is one for each core. Without it, one.`;

/** Chats per key: five are over in seconds and cost next to nothing. */
const DEFAULT_REQUESTS = 5;
const MAX_REQUESTS = 50;

/** Far more than a proxy can use on any machine. */
const MAX_WORKERS = 256;

/** A healthy answer of one token takes under a second; after this long the key is of no use anyway. */
const KEYS_TIMEOUT_MS = 30_000;

/** Shell habit: 2 for a command that was not understood, 1 for one that failed. */
class UsageError extends Error {}

async function main(words: readonly string[]): Promise<number> {
  const [command, ...args] = words;
  // After a command as well: the usage is all the help that there is.
  if (args.includes('--help') || args.includes('-h')) return printUsage();
  switch (command) {
    case 'start':
      return runStart(args);
    case 'check':
      return runCheck(args);
    case 'keys':
      return runKeys(args);
    case '--help':
    case '-h':
    case 'help':
      return printUsage();
    case '--version':
      printOut(VERSION);
      return 0;
    case undefined:
      throw new UsageError('a command is missing');
    default:
      throw new UsageError(`${JSON.stringify(command)} is not a command`);
  }
}

function printUsage(): number {
  printOut(USAGE);
  return 0;
}

async function runStart(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string' }, workers: { type: 'string' } } });
  const options = { workers: readWorkers(values.workers) };
  const env = readEnvironment();
  const source = chooseSource(env, values.config);
  if (source.kind === 'demo') return start({ kind: 'demo' }, options, printOut, printError);
  const recorder = new Recorder(readFileBounded);
  const result = await loadSource(source, recorder.readFile);
  for (const line of resultLines(originOf(source), result)) printError(line);
  if (result.kind === 'refused') return 1;
  const { settings } = result;
  const [input, configPath] =
    source.kind === 'file' ? [{ path: source.path }, source.path] : [{ text: source.text }, undefined];
  const reading = recorder.reading(input, source.kind === 'file' ? env : source.env, result);
  return start({ kind: 'configured', settings, reading, configPath }, options, printOut, printError);
}

function readWorkers(text = '1'): number {
  if (text === 'auto') return Math.min(availableParallelism(), MAX_WORKERS);
  const workers = Number(text);
  if (/^\d{1,3}$/.test(text) && workers >= 1 && workers <= MAX_WORKERS) return workers;
  throw new UsageError(`--workers must be auto, or a whole number from 1 to ${MAX_WORKERS}`);
}

async function runCheck(args: string[]): Promise<number> {
  const options = { 'without-secrets': { type: 'boolean', default: false } } as const;
  const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError('check takes one file');
  const deps = { env: readEnvironment(), readFile: readFileBounded };
  return check(path, { withoutSecrets: values['without-secrets'] }, deps, printOut);
}

async function runKeys(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: 'string' }, requests: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const requests = Number(values.requests ?? DEFAULT_REQUESTS);
  if (!Number.isInteger(requests) || requests < 1 || requests > MAX_REQUESTS) {
    throw new UsageError(`--requests must be a whole number from 1 to ${MAX_REQUESTS}`);
  }
  const source = chooseSource(readEnvironment(), values.config);
  if (source.kind === 'demo') throw new UsageError('no key is configured: use --config FILE or set MISTRAL_API_KEY');
  const result = await loadSource(source);
  for (const line of resultLines(originOf(source), result)) printError(line);
  if (result.kind === 'refused') return 1;
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const options = { requests, timeoutMs: KEYS_TIMEOUT_MS };
  const reports = await inspectKeys(result.settings, options, systemClock, interrupted.signal);
  if (values.json) printOut(JSON.stringify(reports, null, 2));
  else for (const line of keysTable(reports)) printOut(line);
  return reports.every(({ state }) => state === 'valid') ? 0 : 1;
}

type LoadableSource = Exclude<ConfigSource, { kind: 'demo' }>;

function loadSource(source: LoadableSource, readFile: ReadFile = readFileBounded): Promise<ConfigResult> {
  return source.kind === 'file'
    ? loadConfig({ path: source.path }, { env: readEnvironment(), readFile })
    : loadConfig({ text: source.text }, { env: source.env, readFile });
}

function originOf(source: LoadableSource): string {
  return source.kind === 'file' ? source.path : 'the keys of the environment';
}

function printOut(line: string): void {
  process.stdout.write(`${line}\n`);
}

function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

// Whoever reads this may go, and its disk may be full: the words are lost, and that is no reason to end a node.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const code = await main(process.argv.slice(2));
  // A node that has drained ends now: an idle socket or a slow flush must not hold a rollout.
  if (process.argv[2] === 'start') process.exit(code);
  process.exitCode = code;
} catch (error) {
  if (!isUsageError(error)) throw error;
  printError(`leeward: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
