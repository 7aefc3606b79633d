/**
 * node:http without an SDK on top: cheap enough that thousands of requests are the gateway's work and not the client's,
 * and able to do what no SDK does (leave in the middle, send what is not JSON).
 */
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface RawCall {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Breaks the connection off once the answer's first bytes are here. */
  readonly leavesMidway?: boolean;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Longer than any route's total time in these tests: what takes longer hangs. */
const HANGS_MS = 90_000;

/** Rejects when the connection breaks before the answer's end, or hangs. */
export function callRaw(
  agent: Agent,
  { url, method = 'POST', headers, body, leavesMidway }: RawCall,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body ?? '') },
    });
    const hangs = setTimeout(() => sent.destroy(new Error('the answer did not come')), HANGS_MS);
    const fail = (error: Error) => {
      clearTimeout(hangs);
      reject(error);
    };
    sent.on('error', fail);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      const answered = () => {
        clearTimeout(hangs);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (leavesMidway !== true) return;
        answered();
        sent.destroy();
      });
      response.on('end', answered);
      response.on('error', fail);
    });
    sent.end(body);
  });
}

/** The text of a whole answer; undefined when it is none. */
export function wholeText(body: Buffer): string | undefined {
  return textIn(JSON.parse(body.toString()), 'message');
}

/** The text of a stream that ended as one should, else undefined. */
export function streamText(body: Buffer): string | undefined {
  let text = '';
  for (const event of body.toString().split('\n\n')) {
    if (!event.startsWith('data: ')) continue;
    if (event === 'data: [DONE]') return text;
    const said = textIn(JSON.parse(event.slice('data: '.length)), 'delta');
    text += said ?? '';
  }
  return undefined;
}

function textIn(json: unknown, part: 'message' | 'delta'): string | undefined {
  const { choices } = json as { choices?: readonly Record<string, { content?: unknown } | undefined>[] };
  const content = choices?.[0]?.[part]?.content;
  return typeof content === 'string' ? content : undefined;
}
