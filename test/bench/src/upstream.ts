/**
 * The bench's Mistral, a process of its own: answers every POST with the same short completion, or with a paced stream,
 * as the last `answer` request told it. It checks the key and the body's length and nothing else, because its cost
 * bounds what can be measured; for the same reason it writes prebuilt bytes on bare sockets. A second port takes
 * OTLP exports and answers 200.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { nowMicros } from './clock.ts';
import { ANSWER, contentEvent, LAST_EVENTS, MODEL, ROLE_EVENT, type StreamShape, UPSTREAM_KEYS } from './contract.ts';
import { HttpReader } from './http-reader.ts';
import { serve } from './rpc.ts';

export type UpstreamRequest =
  | { op: 'listen' }
  /** How to answer from now on, and the shortest body a request may have. */
  | { op: 'answer'; stream: StreamShape | null; minBodyBytes: number }
  /** Reads the counters and sets them back to zero. */
  | { op: 'take-counts' };

export interface UpstreamPorts {
  port: number;
  otlpPort: number;
}

export interface UpstreamCounts {
  requests: number;
  /** Without one of the upstream's keys: the subject did not inject it, or passed the client's on. */
  unauthorised: number;
  /** Bodies shorter than the prompt that was sent: something was lost on the way. */
  short: number;
  otlpExports: number;
}

/** Headers of a real answer of 2026, limits far above what the bench sends: gateways that learn from them do so. */
const MISTRAL_HEADERS = [
  'x-ratelimit-limit-req-minute: 100000000',
  'x-ratelimit-remaining-req-minute: 99999999',
  'x-ratelimit-limit-tokens-minute: 100000000000',
  'x-ratelimit-remaining-tokens-minute: 99999999999',
  'x-ratelimit-tokens-query-cost: 42',
  'mistral-correlation-id: 01997a2e-7c1d-7d5e-b0e5-2f1c8d1a9c11',
].join('\r\n');

function whole(status: string, body: Buffer): Buffer {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${MISTRAL_HEADERS}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

const COMPLETION = whole('200 OK', ANSWER);
const MODELS = whole('200 OK', Buffer.from(JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model' }] })));
const UNAUTHORISED = whole('401 Unauthorized', Buffer.from('{"detail":"Unauthorized"}'));
const STREAM_HEAD = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n${MISTRAL_HEADERS}\r\ntransfer-encoding: chunked\r\n\r\n`;
const OTLP_OK = whole('200 OK', Buffer.from('{}'));

const keyLine = new RegExp(`\\nauthorization: Bearer (?:${UPSTREAM_KEYS.join('|')})\\r`, 'i');

let counts: UpstreamCounts = { requests: 0, unauthorised: 0, short: 0, otlpExports: 0 };
let stream: StreamShape | null = null;
let minBodyBytes = 0;

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** The first token leaves with the head, as Mistral's does: what a client waits for it is then the subject's doing. */
function writeStream(socket: Socket, shape: StreamShape): void {
  let sequence = 0;
  const next = () => chunk(contentEvent(sequence++, nowMicros()));
  socket.write(STREAM_HEAD + chunk(ROLE_EVENT) + next());
  const timer = setInterval(() => {
    if (sequence < shape.chunks) {
      socket.write(next());
      return;
    }
    clearInterval(timer);
    socket.off('close', stop);
    socket.write(`${chunk(LAST_EVENTS)}0\r\n\r\n`);
  }, shape.intervalMs);
  const stop = () => clearInterval(timer);
  socket.on('close', stop);
}

function answerChat(socket: Socket): void {
  let head = '';
  let bodyBytes = 0;
  const reader = new HttpReader({
    head: (text) => {
      head = text;
      bodyBytes = 0;
    },
    body: (bytes) => {
      bodyBytes += bytes.length;
    },
    end: () => {
      if (!head.startsWith('POST')) {
        // A health check or a list of models: answered, not counted as one of the bench's requests.
        socket.write(MODELS);
        return;
      }
      counts.requests += 1;
      if (bodyBytes < minBodyBytes) counts.short += 1;
      if (!keyLine.test(head)) {
        counts.unauthorised += 1;
        socket.write(UNAUTHORISED);
      } else if (stream === null) socket.write(COMPLETION);
      else writeStream(socket, stream);
    },
  });
  socket.on('data', (bytes: Buffer) => reader.push(bytes));
}

function answerOtlp(socket: Socket): void {
  const end = () => {
    counts.otlpExports += 1;
    socket.write(OTLP_OK);
  };
  const reader = new HttpReader({ head: () => {}, body: () => {}, end });
  socket.on('data', (bytes: Buffer) => reader.push(bytes));
}

function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy()); // A peer that leaves shows in the load generator's own count.
    onSocket(socket);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}

serve(async (request: UpstreamRequest): Promise<UpstreamPorts | UpstreamCounts | undefined> => {
  switch (request.op) {
    case 'listen':
      return { port: await listen(answerChat), otlpPort: await listen(answerOtlp) };
    case 'answer':
      ({ stream, minBodyBytes } = request);
      return undefined;
    case 'take-counts': {
      const taken = counts;
      counts = { requests: 0, unauthorised: 0, short: 0, otlpExports: 0 };
      return taken;
    }
  }
});
