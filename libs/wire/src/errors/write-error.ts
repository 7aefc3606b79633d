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

export function writeErrorFrame(
  error: WrittenError,
  stream: { readonly id: string; readonly created: number; readonly model: string },
): Buffer {
  const chunk = {
    id: stream.id,
    object: 'chat.completion.chunk',
    created: stream.created,
    model: stream.model,
    choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    error: { message: error.message, type: error.type, param: null, code: error.code },
  };
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
}
