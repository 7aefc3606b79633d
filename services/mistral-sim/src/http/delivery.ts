/**
 * Sends a reply at the pace and with the fault that the script planned.
 *
 * Rule for speed: what is due now goes out in one write. Without latency and faults a whole stream is one write and no
 * timer; with latency per token there is one timer at a time, and a timer that fires late takes all that is due by then.
 * As at Mistral, a stream's headers wait for its first token.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '@leeward/kernel';
import type { InsideFault } from '../faults/rule.ts';
import type { Frame, Reply, StreamReply, WholeReply } from './reply.ts';

export interface DeliveryDeps {
  readonly clock: Clock;
  readonly response: ServerResponse;
}

export interface Pace {
  readonly firstTokenMs: number;
  /** Draws the time one more token takes; undefined when tokens cost nothing. */
  readonly perTokenMs: (() => number) | undefined;
  readonly fault: InsideFault | undefined;
}

export const AT_ONCE: Pace = { firstTokenMs: 0, perTokenMs: undefined, fault: undefined };

export function deliver(deps: DeliveryDeps, reply: Reply, plan: Pace): void {
  if (reply.kind === 'stream') deliverStream(deps, reply, plan);
  else deliverWhole(deps, reply, plan);
}

function deliverWhole(deps: DeliveryDeps, reply: WholeReply, plan: Pace): void {
  const waitMs = plan.firstTokenMs + timeOf(reply.tokens, plan);
  later(deps, waitMs, () => {
    const { response } = deps;
    const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
    const half = body.subarray(0, Math.ceil(body.length / 2));
    switch (plan.fault?.kind) {
      case 'reset-mid-stream':
        response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
        response.write(half, () => response.socket?.resetAndDestroy());
        break;
      case 'stall':
        response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
        response.write(half);
        if (plan.fault.forMs !== undefined)
          later(deps, plan.fault.forMs, () => response.end(body.subarray(half.length)));
        break;
      case 'close-early':
        // Chunked and ended properly, so that nothing but the JSON itself tells that half is missing.
        response.writeHead(reply.status, reply.headers);
        response.write(half);
        response.end();
        break;
      case 'error-frame':
      case 'contentless-then-error':
      case undefined:
        response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
        response.end(body);
    }
    reply.settle?.(reply.tokens);
  });
}

function timeOf(tokens: number, { perTokenMs }: Pace): number {
  if (perTokenMs === undefined) return 0;
  let sumMs = 0;
  for (let at = 0; at < tokens; at++) sumMs += perTokenMs();
  return sumMs;
}

function deliverStream(deps: DeliveryDeps, reply: StreamReply, plan: Pace): void {
  const { response } = deps;
  const cut = cutFrames(reply.frames, plan.fault);
  let next = 0;
  let delivered = 0;
  let settled = false;
  const settle = () => {
    if (settled) return;
    settled = true;
    reply.settle?.(delivered);
  };
  response.once('close', settle);
  let dueMs = deps.clock.nowMs() + plan.firstTokenMs;

  const step = () => {
    const nowMs = deps.clock.nowMs();
    let text = '';
    while (next < cut.frames.length && dueMs <= nowMs) {
      const frame = cut.frames[next++];
      if (frame === undefined) break;
      text += frame.text;
      delivered += frame.tokens;
      const following = cut.frames[next];
      if (following !== undefined) dueMs += timeOf(following.tokens, plan);
    }
    if (text !== '' && !response.headersSent) response.writeHead(200, reply.headers);
    if (next < cut.frames.length) {
      if (text !== '') response.write(text);
      later(deps, dueMs - nowMs, step);
      return;
    }
    if (cut.broken === undefined) {
      response.end(text);
      settle();
      return;
    }
    if (!response.headersSent) response.writeHead(200, reply.headers);
    finish(deps, reply, cut.broken, { text, rest: reply.frames.slice(next) });
  };
  later(deps, plan.firstTokenMs, step);
}

/** The frames that are sent before the fault, and the fault when it is one of a begun stream. */
function cutFrames(frames: readonly Frame[], fault: InsideFault | undefined) {
  switch (fault?.kind) {
    case 'reset-mid-stream':
    case 'close-early':
    case 'stall':
    case 'error-frame':
      return { frames: frames.slice(0, indexAfter(frames, fault.afterChunks)), broken: fault };
    case 'contentless-then-error':
      return { frames: frames.slice(0, indexAfter(frames, 0)), broken: fault };
    case undefined:
      return { frames, broken: undefined };
  }
}

/** Where the frames end that hold `count` chunks of content, and never so late that the answer would be whole. */
function indexAfter(frames: readonly Frame[], count: number): number {
  let seen = 0;
  let lastContent = frames.length - 1;
  for (const [at, frame] of frames.entries()) {
    if (!frame.content) continue;
    if (seen === count) return at;
    seen++;
    lastContent = at;
  }
  return lastContent;
}

function finish(
  deps: DeliveryDeps,
  reply: StreamReply,
  fault: InsideFault,
  left: { text: string; rest: readonly Frame[] },
): void {
  const { response } = deps;
  switch (fault.kind) {
    case 'reset-mid-stream':
      // The reset must not overtake the bytes: it follows the flush, one turn later.
      response.write(left.text === '' ? ': \n\n' : left.text, () =>
        setImmediate(() => response.socket?.resetAndDestroy()),
      );
      break;
    case 'stall':
      response.flushHeaders();
      if (left.text !== '') response.write(left.text);
      if (fault.forMs !== undefined) later(deps, fault.forMs, () => response.end(textOf(left.rest)));
      break;
    case 'error-frame':
      response.end(left.text + reply.errorFrame(fault.form));
      break;
    case 'contentless-then-error':
      response.end(left.text + reply.errorFrame('nested'));
      break;
    case 'close-early':
      response.end(left.text);
  }
}

function textOf(frames: readonly Frame[]): string {
  return frames.map((frame) => frame.text).join('');
}

/** Runs now when there is nothing to wait for, and never once the client has left. */
export function later({ clock, response }: DeliveryDeps, waitMs: number, run: () => void): void {
  if (waitMs <= 0) {
    if (!response.destroyed) run();
    return;
  }
  const timer = clock.after(waitMs, () => {
    response.off('close', stop);
    if (!response.destroyed) run();
  });
  const stop = () => timer.cancel();
  response.once('close', stop);
}
