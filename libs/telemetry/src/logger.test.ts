import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '@leeward/kernel';
import { VirtualClock } from '@leeward/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger, type LoggerOptions } from './logger.ts';

/** A named pipe without a reader takes 64 KiB, then says to come again later. */
const MAKE_PIPE = 'mkfifo';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leeward-logger-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Long enough for any machine; reached only by a failing test. */
const patience = () => AbortSignal.timeout(10_000);

function build(options: Partial<LoggerOptions> = {}) {
  const lines: unknown[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) };
  const clock = new VirtualClock();
  const logger = createLogger({ level: 'info', base: { instance: 'node-1' }, destination, ...options }, { clock });
  return { logger, lines };
}

describe('a line', () => {
  test('is one JSON object with its level, time, base fields, event and facts', () => {
    const { logger, lines } = build();
    logger.info({ requestId: 'r-1', trace_id: 't-1', attempts: 2 }, 'request-finished');
    expect(lines).toEqual([
      {
        level: 'info',
        time: '2026-01-01T00:00:00.000Z',
        instance: 'node-1',
        requestId: 'r-1',
        trace_id: 't-1',
        attempts: 2,
        event: 'request-finished',
      },
    ]);
  });

  test('shows neither a secret nor an error’s baggage', () => {
    const { logger, lines } = build({ base: { instance: 'node-1', token: 'lorem' } });
    const error = Object.assign(new GatewayError('GW_DEADLINE', 'too late'), { body: 'lorem' });
    logger.error({ headers: { authorization: 'Bearer lorem' }, error }, 'attempt-finished');
    expect(JSON.stringify(lines)).not.toContain('lorem');
    expect(lines[0]).toMatchObject({ error: { type: 'GatewayError', code: 'GW_DEADLINE', message: 'too late' } });
  });
});

describe('the level', () => {
  test('decides what is written, and can be changed while running', () => {
    const { logger, lines } = build({ level: 'warn' });
    logger.info({}, 'not-written');
    expect(logger.writes('debug')).toBe(false);
    logger.setLevel('debug');
    expect(logger.writes('debug')).toBe(true);
    logger.debug({}, 'written');
    expect(lines).toMatchObject([{ event: 'written' }]);
  });
});

describe('a file descriptor', () => {
  test('has every line, in order, once flushed', async () => {
    const path = join(folder, 'log');
    const destination = openSync(path, 'w');
    const { logger } = build({ destination });
    for (let index = 0; index < 2_000; index += 1) logger.info({ index }, 'counted');
    await logger.flush(patience());
    const indexes = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => Number(/"index":(\d+)/.exec(line)?.[1]));
    expect(indexes).toEqual(Array.from({ length: 2_000 }, (_item, index) => index));
    closeSync(destination);
  });

  test('that others write to as well gets whole lines in each write', async () => {
    const path = join(folder, 'pipe');
    execFileSync(MAKE_PIPE, [path]);
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const { logger } = build({ destination: pipe, isShared: true });
    const written = vi.spyOn(fs, 'write');
    // Within what a pipe takes.
    for (let index = 0; index < 400; index += 1) logger.info({ index }, 'counted');
    await logger.flush(patience());
    // Other files' tests may write in this process, too.
    const pieces = written.mock.calls.filter(([to]) => to === pipe).map(([, piece]) => piece);
    written.mockRestore();
    expect(pieces.join('').match(/\n/g)).toHaveLength(400);
    expect(pieces.filter((piece) => Buffer.byteLength(piece) > 4096 || !piece.endsWith('\n'))).toEqual([]);
    expect(pieces.length).toBeLessThan(40);
    closeSync(pipe);
  });

  test('that nobody reads costs lines, which are counted, and neither memory nor a wait', async () => {
    const path = join(folder, 'pipe');
    execFileSync(MAKE_PIPE, [path]);
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    let dropped = 0;
    const { logger } = build({ destination: pipe, onDropped: (count) => (dropped += count) });
    const text = 'x'.repeat(2_000);
    for (let index = 0; index < 10_000; index += 1) logger.info({ text }, 'shouted');
    // 10,000 lines of about 2,100 bytes are 21 MB; a buffer of 8 MiB holds fewer than 4,200 of them.
    expect(dropped).toBeGreaterThan(5_800);
    const limit = new AbortController();
    limit.abort();
    await logger.flush(limit.signal);

    const room = Buffer.alloc(1 << 20);
    expect(readSync(pipe, room)).toBeGreaterThan(0);
  });
});

describe('a process that exits', () => {
  /** With the logger's lines on its standard output, which is this file descriptor; answers its exit code. */
  async function run(script: string, output: number): Promise<unknown> {
    const logger = JSON.stringify(new URL('./logger.ts', import.meta.url).href);
    const begin = `import { createLogger } from ${logger};
      const logger = createLogger({ level: 'info', base: {} }, { clock: { wallMs: () => 0 } });`;
    // Killed long after it should have ended, and then its code is null.
    const stdio = ['ignore', output, 'inherit'] as const;
    const child = spawn(process.execPath, ['--input-type=module', '-e', begin + script], {
      stdio: [...stdio],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    const [code] = (await once(child, 'exit')) as [unknown];
    closeSync(output);
    return code;
  }

  const shout = `for (let index = 0; index < 1000; index++) logger.info({ text: 'x'.repeat(200) }, 'shouted');
    await logger.flush(AbortSignal.timeout(100));
    process.exit(0);`;

  test('leaves its last lines', async () => {
    const path = join(folder, 'log');
    const script = `logger.info({}, 'first');
      await logger.flush(AbortSignal.timeout(10_000));
      logger.info({}, 'last');
      process.exit(0);`;
    expect(await run(script, openSync(path, 'w'))).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/first[^]*last/);
  });

  test('does not wait for a reader that stands still', async () => {
    const path = join(folder, 'pipe');
    execFileSync(MAKE_PIPE, [path]);
    expect(await run(shout, openSync(path, constants.O_RDWR | constants.O_NONBLOCK))).toBe(0);
  });

  test('does not wait for what cannot be written', async () => {
    const path = join(folder, 'log');
    writeFileSync(path, '');
    expect(await run(shout, openSync(path, 'r'))).toBe(0);
  });
});
