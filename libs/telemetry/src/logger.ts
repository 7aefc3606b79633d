import type { Clock } from '@leeward/kernel';
import { destination, pino } from 'pino';
import type { LogLevel } from './options.ts';
import { redact } from './redaction.ts';

/**
 * One structured line per decision, as JSON. A line is written off the hot path: it goes into a buffer, and the buffer
 * to the file descriptor by the thread pool. When whoever reads it is slower than what is written, lines are dropped
 * and counted; they never hold a request, and they never grow the process.
 */

/**
 * What a line says. An exchange's lines carry `requestId`, and when it is traced `trace_id`, as OpenTelemetry spells it in
 * logs that are not its own; an error is `error`.
 */
export type LogFields = Readonly<Record<string, unknown>> & {
  readonly requestId?: string | undefined;
  readonly trace_id?: string | undefined;
  readonly error?: unknown;
};

/** `event` is noun, then past verb: `breaker-opened`. */
export interface Logger {
  debug(fields: LogFields, event: string): void;
  info(fields: LogFields, event: string): void;
  warn(fields: LogFields, event: string): void;
  error(fields: LogFields, event: string): void;
  /**
   * A writer for info lines of one event with these fields and no others. What it is given is written as it is: for
   * lines of the hot path, whose fields are known to hold no secret, at a tenth of the cost of `info`.
   */
  line<const Names extends readonly string[]>(event: string, names: Names): LineWriter<Names>;
  /** Whether a line of this level would be written: ask before gathering costly fields. */
  writes(level: LogLevel): boolean;
  setLevel(level: LogLevel): void;
  /** Writes out what is buffered, for as long as the signal allows. Never rejects. */
  flush(signal: AbortSignal): Promise<void>;
}

/** A field that is undefined is left out. */
export type LineWriter<Names extends readonly string[]> = (
  fields: Readonly<Record<Names[number], string | number | boolean | undefined>>,
) => void;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields on every line, such as the instance. */
  readonly base: LogFields;
  /** Where lines go: a file descriptor (standard output unless said) or, in a test, anything that takes them. */
  readonly destination?: number | { write(line: string): void };
  /** Other processes write to the same file descriptor: then whole lines are written at once, as many as fit. */
  readonly isShared?: boolean;
  /** Told how many lines were lost. */
  readonly onDropped?: (count: number) => void;
}

/** Lines wait for each other: a busy node makes one system call for about thirty. Just below what sonic-boom allows. */
const BUFFER_BYTES = 15 * 1024;

/**
 * What the system writes to a pipe in one piece (PIPE_BUF), so that the lines of two processes do not end up inside each
 * other; less a quarter, because it counts bytes and sonic-boom characters. A longer line, an error's, goes by itself.
 */
const SHARED_WRITE_CHARS = 3 * 1024;

/** Below it, and by no more than a usual line. */
const SHARED_BUFFER_CHARS = 2560;

/** A quiet node's line is not kept longer than a person watching would notice. */
const FLUSH_EVERY_MS = 200;

/** About 20,000 lines: seconds of a busy node's access log while the reader is away. Beyond it lines are dropped. */
const BUFFER_BYTES_MAX = 8 * 1024 * 1024;

export function createLogger(options: LoggerOptions, deps: { clock: Clock }): Logger {
  const out = openDestination(options);
  const timestamp = timestamps(deps.clock);
  const base = JSON.stringify(redact(options.base)).replace(
    /^\{(.*)\}$/,
    (_all, inner: string) => inner && `,${inner}`,
  );
  const lines = pino(
    {
      level: options.level,
      base: redact(options.base),
      messageKey: 'event',
      timestamp,
      formatters: { level: (level) => ({ level }), log: redact },
    },
    out,
  );
  return {
    debug: (fields, event) => lines.debug(fields, event),
    info: (fields, event) => lines.info(fields, event),
    warn: (fields, event) => lines.warn(fields, event),
    error: (fields, event) => lines.error(fields, event),
    line: (event, names) => {
      const head = '{"level":"info"';
      const tail = `,"event":${JSON.stringify(event)}}\n`;
      const keys = names.map((name) => [name, `,${JSON.stringify(name)}:`] as const);
      return (fields: Readonly<Record<string, string | number | boolean | undefined>>) => {
        if (!lines.isLevelEnabled('info')) return;
        // Joined rather than added up: a string of many additions is a tree that is costly to write.
        const parts = [head, timestamp(), base];
        for (const [name, key] of keys) {
          const value = fields[name];
          if (value === undefined) continue;
          parts.push(key, typeof value === 'string' ? quoted(value) : String(value));
        }
        parts.push(tail);
        out.write(parts.join(''));
      };
    },
    writes: (level) => lines.isLevelEnabled(level),
    setLevel: (level) => {
      lines.level = level;
    },
    flush: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        // The first flush ends with the write under way, and leaves less than a page behind; the second writes that.
        // A pipe cannot be synced to disk and says so in an error; what was buffered has gone out by then.
        lines.flush(() => lines.flush(() => resolve()));
      }),
  };
}

/** The `time` field of a line. Its seconds are written once a second, not once a line. */
function timestamps(clock: Clock): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const wallMs = Math.floor(clock.wallMs());
    const ms = wallMs % 1000;
    if (wallMs - ms !== second) {
      second = wallMs - ms;
      text = `,"time":"${new Date(second).toISOString().slice(0, -4)}`;
    }
    return `${text}${String(ms).padStart(3, '0')}Z"`;
  };
}

/** Nothing in it that JSON would escape, which is what names and ids look like. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function openDestination(options: LoggerOptions): { write(line: string): void } {
  // Asking Node for its standard output makes a pipe answer that it is full. Else a write waits in the thread pool, and
  // the process, which waits for that, cannot end while the reader stands still. Forking takes it back for all who share it.
  const { destination: to = process.stdout.fd, isShared = false, onDropped } = options;
  if (typeof to !== 'number') return to;
  // Nothing has gone out yet; and nothing does on a full disk, or while nobody reads.
  let goesOut = false;
  let isLast = false;
  const out = destination({
    dest: to,
    sync: false,
    retryEAGAIN: () => {
      goesOut = false;
      return !isLast;
    },
    ...(isShared ? { minLength: SHARED_BUFFER_CHARS, maxWrite: SHARED_WRITE_CHARS } : { minLength: BUFFER_BYTES }),
    maxLength: BUFFER_BYTES_MAX,
    periodicFlush: FLUSH_EVERY_MS,
  });
  out.on('drop', () => onDropped?.(1));
  // A full disk or a closed pipe must not end the process; the lines in hand are tried again with the next write.
  out.on('error', () => {
    goesOut = false;
    onDropped?.(1);
  });
  out.on('write', () => {
    goesOut = true;
  });
  // As the process exits, pino has what is left written out, and sonic-boom would try that until it succeeds: a process
  // that cannot write could not end.
  const flushSync = out.flushSync.bind(out);
  out.flushSync = () => {
    if (!goesOut) return;
    isLast = true;
    try {
      flushSync();
    } catch {
      // Whoever could be told is the one who does not read.
    }
  };
  return out;
}
