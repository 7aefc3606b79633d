/** Upstreams as a Transport: finds the target that a request is for and plays its fate. */
import type { Clock, Timer } from '@leeward/kernel';
import type { InFlight, Receiver, Transport, UpstreamCall } from '@leeward/upstream';
import type { Call } from '../traffic.ts';
import type { Guest, ModelledTarget } from './modelled-target.ts';
import {
  CAPACITY_BYTES,
  chunkBytes,
  JSON_HEADERS,
  lastBytes,
  piecesIn,
  piecesOf,
  QUOTA_BYTES,
  REVOKED_BYTES,
  STREAM_HEADERS,
  textOfPiece,
  tokensOfPiece,
  UNAVAILABLE_BYTES,
} from './replies.ts';

interface TransportOptions {
  readonly clock: Clock;
  readonly provider: string;
  readonly calls: readonly Call[];
  /** By `provider/key/model`. */
  readonly target: (id: string) => ModelledTarget;
  /** In place of the vendor's, with each 429 for a quota: how a router is kept from obeying what it would not read. */
  readonly quotaHeaders: Readonly<Record<string, string>> | undefined;
}

export class ModelledTransport implements Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  send({ headers, body }: UpstreamCall, receiver: Receiver): InFlight {
    const { clock, calls, provider, target, quotaHeaders } = this.#options;
    const bytes = body ?? Buffer.alloc(0);
    const call = calls[Number.parseInt(after(bytes, '"#'), 10)];
    if (call === undefined) throw new Error('a request that no client sent');
    const key = (headers['authorization'] ?? '').replace('Bearer ', '');
    const asked = target(`${provider}/${key}/${after(bytes, '"model":"').split('"', 1)[0] ?? ''}`);
    receiver.onSent();
    return new ModelledCall({ clock, call, target: asked, receiver, said: saidIn(bytes), quotaHeaders });
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

interface CallOptions {
  readonly clock: Clock;
  readonly call: Call;
  readonly target: ModelledTarget;
  readonly receiver: Receiver;
  /** What a continuation is to go on from; empty for a first request. */
  readonly said: string;
  readonly quotaHeaders: Readonly<Record<string, string>> | undefined;
}

class ModelledCall implements InFlight, Guest {
  readonly #options: CallOptions;
  readonly #pieces: number;
  #piece: number;
  #firstTokenMs = 0;
  #breaksAt: number | undefined;
  #timer: Timer | undefined;
  #accepted = false;
  #over = false;

  constructor(options: CallOptions) {
    this.#options = options;
    const { call, target, clock } = options;
    this.#pieces = piecesOf(call.answerTokens);
    this.#piece = piecesIn(options.said);
    const fate = target.meet(call);
    switch (fate.kind) {
      case 'silent':
        return;
      case 'fault':
        this.#in(fate.afterMs, () => this.#refuse(503, JSON_HEADERS, UNAVAILABLE_BYTES));
        return;
      case 'reset':
        this.#in(fate.afterMs, () => this.#reset());
        return;
      case 'full':
        this.#in(fate.afterMs, () => this.#refuse(429, JSON_HEADERS, CAPACITY_BYTES));
        return;
      case 'revoked':
        this.#in(fate.afterMs, () => this.#refuse(401, JSON_HEADERS, REVOKED_BYTES));
        return;
      case 'quota': {
        const headers = { ...JSON_HEADERS, ...(options.quotaHeaders ?? fate.headers) };
        this.#in(fate.afterMs, () => this.#refuse(429, headers, QUOTA_BYTES));
        return;
      }
      case 'answer':
        this.#accepted = true;
        target.quota?.accept(clock.wallMs());
        this.#firstTokenMs = fate.firstTokenMs;
        this.#breaksAt = fate.breaksAt;
        target.sit(this);
        return;
    }
  }

  seated(): void {
    this.#in(this.#firstTokenMs, () => {
      const { receiver, call, said } = this.#options;
      if (this.#isStruck()) return;
      receiver.onHead(200, STREAM_HEADERS);
      // A continuation begins by repeating what was said.
      this.#say(call, said);
    });
  }

  abort(): void {
    this.#end();
  }

  pause(): void {
    // Clients here are never slow.
  }

  resume(): void {
    // As above.
  }

  #say(call: Call, before: string): void {
    const { receiver } = this.#options;
    const text = before + textOfPiece(this.#piece);
    this.#piece++;
    if (this.#piece >= this.#pieces) {
      this.#end();
      receiver.onData(lastBytes(call.index, text, { prompt: call.promptTokens, answer: call.answerTokens }));
      receiver.onEnd();
      return;
    }
    receiver.onData(chunkBytes(call.index, text));
    if (this.#over) return;
    const { target } = this.#options;
    const blockMs = Math.max(1, tokensOfPiece(this.#piece, call.answerTokens)) * target.tokenMs;
    this.#in(blockMs, () => {
      if (this.#isStruck()) return;
      if (this.#breaksAt !== undefined && this.#piece >= this.#breaksAt) this.#reset();
      else this.#say(call, '');
    });
  }

  /** The weather of this moment, not of the one the request was sent in. */
  #isStruck(): boolean {
    const { weather } = this.#options.target;
    // Silence keeps its slot and never says another word.
    if (weather.silent) return true;
    if (weather.faultShare < 1) return false;
    this.#reset();
    return true;
  }

  #refuse(status: number, headers: Readonly<Record<string, string>>, bytes: Buffer): void {
    const { receiver } = this.#options;
    this.#end();
    receiver.onHead(status, headers);
    receiver.onData(bytes);
    receiver.onEnd();
  }

  #reset(): void {
    this.#end();
    this.#options.receiver.onFailure('reset', new Error('read ECONNRESET'));
  }

  #in(delayMs: number, run: () => void): void {
    this.#timer = this.#options.clock.after(delayMs, run);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    if (!this.#accepted) return;
    const { target, call, clock } = this.#options;
    const share = Math.min(1, this.#piece / this.#pieces);
    target.quota?.debit(clock.wallMs(), call.promptTokens + Math.round(call.answerTokens * share));
    target.leave(this);
  }
}

/** Everything but a prompt fits in here, and prompts need not be searched. */
const ENDS_BYTES = 256;

/** A few characters behind a mark near the beginning or the end. */
function after(bytes: Buffer, mark: string): string {
  const early = bytes.subarray(0, ENDS_BYTES).indexOf(mark);
  const lateFrom = Math.max(0, bytes.length - ENDS_BYTES);
  const late = early >= 0 ? -1 : bytes.indexOf(mark, lateFrom);
  const at = early >= 0 ? early : late >= 0 ? late : bytes.indexOf(mark);
  return at < 0 ? '' : bytes.toString('latin1', at + mark.length, at + mark.length + 32);
}

/** A continuation's last message, and the few fields behind the messages, fit in here; prompts need not be searched. */
const TAIL_BYTES = 512;

/** What the last message of a continuation has said; empty when it is none. */
function saidIn(bytes: Buffer): string {
  if (!bytes.subarray(-TAIL_BYTES).includes('"prefix":true')) return '';
  const { messages } = JSON.parse(bytes.toString()) as { messages: { content: string }[] };
  return messages.at(-1)?.content ?? '';
}
