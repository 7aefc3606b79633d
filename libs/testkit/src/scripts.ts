/** The replies that tests script most, in Mistral's shapes as observed. */
import type { UpstreamHeaders } from '@leeward/upstream';
import type { Script, Step } from './scripted-transport.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const EVENT_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' };

/** A whole answer to a chat request. */
export function answers(text: string, options: { afterMs?: number; headers?: UpstreamHeaders } = {}): Script {
  const body = {
    id: 'e9459fcd56c742e0875167c9926c6aae',
    created: 1_757_759_489,
    model: 'mistral-large-latest',
    usage: { prompt_tokens: 11, total_tokens: 21, completion_tokens: 10 },
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', tool_calls: null, content: text } }],
  };
  return [
    { do: 'connect' },
    { do: 'wait', ms: options.afterMs ?? 0 },
    { do: 'head', status: 200, headers: { ...JSON_HEADERS, ...options.headers } },
    { do: 'data', bytes: JSON.stringify(body) },
    { do: 'end' },
  ];
}

/** A refusal with the given body; a string is sent as it is. */
export function refuses(status: number, body: unknown, headers: UpstreamHeaders = {}): Script {
  return [
    { do: 'connect' },
    { do: 'head', status, headers: { ...JSON_HEADERS, ...headers } },
    { do: 'data', bytes: typeof body === 'string' ? body : JSON.stringify(body) },
    { do: 'end' },
  ];
}

export const QUOTA_BODY = {
  object: 'error',
  message: 'Rate limit exceeded',
  type: 'rate_limited',
  param: null,
  code: '1300',
  raw_status_code: 429,
};

export const CAPACITY_BODY = {
  object: 'error',
  message: 'Service tier capacity exceeded for this model.',
  type: 'service_tier_capacity_exceeded',
  param: null,
  code: '3505',
};

export const MODEL_GONE_BODY = {
  object: 'error',
  message: 'Invalid model: x',
  type: 'invalid_model',
  param: null,
  code: '1500',
  raw_status_code: 400,
};

/** Connects, then says nothing at all. */
export const SILENT: Script = [{ do: 'connect' }];

/** The head of a stream, ready for chunks. */
export const STREAM_HEAD: Script = [{ do: 'connect' }, { do: 'head', status: 200, headers: EVENT_HEADERS }];

export interface ChunkOptions {
  readonly id?: string;
  readonly model?: string;
  readonly delta?: Record<string, unknown>;
  readonly finish?: string;
  readonly usage?: { readonly prompt: number; readonly completion: number } | undefined;
}

/** One event of a stream. */
export function chunk(text: string, options: ChunkOptions = {}): Step {
  const { usage } = options;
  const json = {
    id: options.id ?? 'cmpl-1',
    object: 'chat.completion.chunk',
    created: 1_757_759_492,
    model: options.model ?? 'mistral-large-latest',
    choices: [{ index: 0, delta: { content: text, ...options.delta }, finish_reason: options.finish ?? null }],
    ...(usage === undefined
      ? {}
      : {
          usage: {
            prompt_tokens: usage.prompt,
            total_tokens: usage.prompt + usage.completion,
            completion_tokens: usage.completion,
          },
        }),
  };
  return { do: 'data', bytes: `data: ${JSON.stringify(json)}\n\n` };
}

export const ROLE_CHUNK: Step = chunk('', { delta: { role: 'assistant' } });

export const DONE: Step = { do: 'data', bytes: 'data: [DONE]\n\n' };

/** A whole stream: role chunk, the pieces with `gapMs` before each, finish with usage, `[DONE]`, end. */
export function streams(pieces: readonly string[], options: ChunkOptions & { gapMs?: number } = {}): Script {
  const { gapMs = 0, ...rest } = options;
  const { usage, finish = 'stop', ...each } = rest;
  return [
    ...STREAM_HEAD,
    ROLE_CHUNK,
    ...pieces.flatMap((piece): Step[] => [{ do: 'wait', ms: gapMs }, chunk(piece, each)]),
    chunk('', { ...each, finish, usage: usage ?? { prompt: 11, completion: pieces.length } }),
    DONE,
    { do: 'end' },
  ];
}
