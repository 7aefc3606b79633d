/**
 * A streamed answer as bytes, framed, cut up and broken off as it pleases a test: pieces of text as events, bytes as
 * TCP segments, with no respect for characters or lines.
 */
import type { ScriptedCall, Step } from './scripted-transport.ts';
import { chunk, type ChunkOptions, DONE } from './scripts.ts';

export interface StreamForm {
  /** Lengths of the events' texts in UTF-16 units, over and over; 0 is an event without text. */
  readonly textSizes: readonly number[];
  /** Lengths of the TCP segments in bytes, over and over. */
  readonly byteSizes: readonly number[];
  readonly newline: '\n' | '\r\n';
  /** A comment between any two events. */
  readonly comments: boolean;
}

/** What a stream may break by. Those that say something say it between two events. */
export type BreakKind = 'reset' | 'silence' | 'end' | 'done' | 'error' | 'vendor-error' | 'finish-error' | 'garbage';

export const BREAK_KINDS: readonly BreakKind[] = [
  'reset',
  'silence',
  'end',
  'done',
  'error',
  'vendor-error',
  'finish-error',
  'garbage',
];

export interface StreamBreak {
  /** Where, as a share (0 to 1) of all that comes before the finish reason is told. */
  readonly at: number;
  readonly by: BreakKind;
}

/** The steps of a stream from after its head; unbroken without `breaks`. */
export function streamSteps(
  pieces: readonly Step[],
  form: StreamForm,
  options: { readonly finish: Step; readonly breaks?: StreamBreak | undefined },
): Step[] {
  const events = pieces.map((step) => framed(step, form));
  const finish = framed(options.finish, form);
  const { breaks } = options;
  if (breaks === undefined) {
    const all = Buffer.concat([...events, finish, framed(DONE, form)]);
    return [...segments(all, form.byteSizes), { do: 'end' }];
  }
  const said = lastWords(breaks.by);
  if (said === undefined) {
    const all = Buffer.concat([...events, finish]);
    // Without its blank line the finish reason has not been told, however much of it has come.
    const most = all.length - form.newline.length;
    return [...segments(all.subarray(0, Math.round(breaks.at * most)), form.byteSizes), ...lastDeed(breaks.by)];
  }
  const told = events.slice(0, Math.round(breaks.at * events.length));
  return segments(Buffer.concat([...told, framed(said, form)]), form.byteSizes);
}

/** A text as events: a role, then its pieces. */
export function textEvents(text: string, form: StreamForm, options: ChunkOptions = {}): Step[] {
  return [
    chunk('', { ...options, delta: { role: 'assistant' } }),
    ...cut(text, form.textSizes).map((piece) => chunk(piece, options)),
  ];
}

/** What a continuation was told to go on from; undefined for a request that is none. */
export function toldToGoOnFrom(call: ScriptedCall): string | undefined {
  const { messages } = call.json;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (typeof last !== 'object' || last === null || !('prefix' in last) || !('content' in last)) return undefined;
  return String(last.content);
}

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? text.length;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

function segments(bytes: Buffer, sizes: readonly number[]): Step[] {
  const steps: Step[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? bytes.length;
    steps.push({ do: 'data', bytes: bytes.subarray(at, at + size) });
    at += size;
  }
  return steps;
}

function framed(step: Step, form: StreamForm): Buffer {
  if (step.do !== 'data') throw new Error(`${step.do} is no event`);
  const event = step.bytes.toString().replaceAll('\n', form.newline);
  return Buffer.from(form.comments ? `: so far so good${form.newline}${form.newline}${event}` : event);
}

/** What is said in breaking off; undefined when nothing is. */
function lastWords(by: BreakKind): Step | undefined {
  switch (by) {
    case 'done':
      return DONE;
    case 'error':
      return { do: 'data', bytes: 'data: {"error":{"message":"upstream disconnected","code":502}}\n\n' };
    case 'vendor-error':
      return {
        do: 'data',
        bytes:
          'data: {"object":"error","message":"Service unavailable.","type":"internal_server_error","param":null,"code":"3800"}\n\n',
      };
    case 'finish-error':
      return chunk('', { finish: 'error' });
    case 'garbage':
      return { do: 'data', bytes: 'data: <html>\n\n' };
    case 'reset':
    case 'silence':
    case 'end':
      return undefined;
  }
}

function lastDeed(by: BreakKind): Step[] {
  return by === 'reset' || by === 'end' ? [{ do: by }] : [];
}
