/** What a handler gives back: a whole body, or a stream's frames. How fast and how whole it arrives is delivery's work. */
import type { OutgoingHttpHeaders } from 'node:http';

export interface WholeReply {
  readonly kind: 'whole';
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
  /** Generated tokens, which take time. */
  readonly tokens: number;
  /** Called once with the generated tokens that were delivered; the debit of the token rung. */
  readonly settle?: (deliveredTokens: number) => void;
}

export interface Frame {
  readonly text: string;
  readonly tokens: number;
  /** Whether it carries something a client would show or act on; faults count these. */
  readonly content: boolean;
}

export interface StreamReply {
  readonly kind: 'stream';
  readonly headers: OutgoingHttpHeaders;
  readonly frames: readonly Frame[];
  /** What an error inside this stream looks like, in the form a script asks for. */
  readonly errorFrame: (form: ErrorFrameForm) => string;
  readonly settle?: (deliveredTokens: number) => void;
}

/** `nested` is `{"error":{…}}`, `flat` Mistral's own `{"object":"error"}`, `finish` a chunk with finish_reason error. */
export type ErrorFrameForm = 'nested' | 'flat' | 'finish';

export type Reply = WholeReply | StreamReply;

/** Thrown by anything below a handler that finds the request wanting; carries the answer to it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reply: WholeReply;

  constructor(reply: WholeReply) {
    super(`refused with ${reply.status}`);
    this.reply = reply;
  }
}

export const JSON_TYPE = 'application/json';

export function jsonReply(status: number, body: object | string, headers: OutgoingHttpHeaders = {}): WholeReply {
  return {
    kind: 'whole',
    status,
    headers: { 'content-type': JSON_TYPE, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    tokens: 0,
  };
}

export function frame(text: string, tokens = 0): Frame {
  return { text, tokens, content: tokens > 0 };
}

/** `event:` and `data:` lines, as Mistral's newer surfaces send them. */
export function namedEvent(type: string, data: object, tokens = 0): Frame {
  return frame(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`, tokens);
}

export function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
