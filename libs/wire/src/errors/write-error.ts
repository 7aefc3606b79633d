import type { Usage } from '../wire.ts';

/**
 * Errors as every client understands them.
 *
 * The body is a hybrid: Mistral's fields at the top, and the same again under `error`, where OpenAI's clients look. The
 * frame says a failure inside a stream: a chunk that satisfies every schema, with `finish_reason: "error"` for
 * Mistral's clients and a top-level `error` for OpenAI's. A bare error object would be ignored by one and crash the other.
 */
export interface WrittenError {
  readonly code: string;
  readonly type: string;
  readonly message: string;
}

export function writeErrorBody(error: WrittenError & { readonly status: number }): Buffer {
  const said = { message: error.message, type: error.type, param: null, code: error.code };
  return Buffer.from(JSON.stringify({ object: 'error', ...said, raw_status_code: error.status, error: said }));
}

/** A failed stream as the client knows it. `usage` as far as it is known: Mistral's clients expect it with the finish. */
export interface FailedStream {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly usage?: Usage | undefined;
}

export function writeErrorFrame(error: WrittenError, stream: FailedStream): Buffer {
  const { usage } = stream;
  const chunk = {
    id: stream.id,
    object: 'chat.completion.chunk',
    created: stream.created,
    model: stream.model,
    choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    ...(usage === undefined ? {} : { usage: countsOf(usage) }),
    error: { message: error.message, type: error.type, param: null, code: error.code },
  };
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
}

function countsOf({ promptTokens, completionTokens, totalTokens }: Usage): object {
  return { prompt_tokens: promptTokens, total_tokens: totalTokens, completion_tokens: completionTokens };
}
