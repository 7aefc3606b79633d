/**
 * An upstream that does what a script says, on a Clock: no sockets, no chance. Each call gets a list of steps, played in
 * order from the next microtask on. A script that stops without `end` or `reset` leaves the call open: silence.
 */
import type { Clock, Timer } from '@leeward/kernel';
import type { InFlight, Receiver, Transport, UpstreamCall, UpstreamHeaders } from '@leeward/upstream';

export type Step =
  /** The request is on a socket. */
  | { readonly do: 'connect' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'head'; readonly status: number; readonly headers: UpstreamHeaders }
  | { readonly do: 'data'; readonly bytes: string | Buffer }
  | { readonly do: 'end' }
  | { readonly do: 'refuse' }
  | { readonly do: 'reset' };

export type Script = readonly Step[];

/** One call as it was made and as it ended. */
export class ScriptedCall implements InFlight {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly atMs: number;
  abortedAtMs: number | undefined;
  /** The script told of an end or a failure. */
  over = false;
  paused = false;
  pauses = 0;
  readonly #clock: Clock;
  readonly #receiver: Receiver;
  #steps: Script = [];
  #next = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, call: UpstreamCall, receiver: Receiver) {
    this.#clock = clock;
    this.#receiver = receiver;
    this.path = call.path;
    this.headers = call.headers;
    this.body = call.body ?? Buffer.alloc(0);
    this.atMs = clock.nowMs();
  }

  /** The secret that was sent; tests name keys by it. */
  get key(): string {
    return (this.headers['authorization'] ?? '').replace('Bearer ', '');
  }

  get json(): Record<string, unknown> {
    const parsed: unknown = JSON.parse(this.body.toString());
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  }

  get model(): string {
    return String(this.json['model']);
  }

  get aborted(): boolean {
    return this.abortedAtMs !== undefined;
  }

  /** Neither ended by the script nor aborted by the caller. */
  get open(): boolean {
    return !this.over && !this.aborted;
  }

  play(steps: Script): void {
    this.#steps = steps;
    queueMicrotask(() => this.#run());
  }

  abort(): void {
    if (!this.open) return;
    this.abortedAtMs = this.#clock.nowMs();
    this.#timer?.cancel();
  }

  pause(): void {
    if (!this.paused) this.pauses++;
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.#timer === undefined) this.#run();
  }

  #run(): void {
    this.#timer = undefined;
    while (this.open && !this.paused) {
      const step = this.#steps[this.#next++];
      if (step === undefined) return;
      if (step.do === 'wait') {
        this.#timer = this.#clock.after(step.ms, () => this.#run());
        return;
      }
      this.#play(step);
    }
  }

  #play(step: Exclude<Step, { do: 'wait' }>): void {
    switch (step.do) {
      case 'connect':
        this.#receiver.onSent();
        return;
      case 'head':
        this.#receiver.onHead(step.status, step.headers);
        return;
      case 'data':
        this.#receiver.onData(Buffer.from(step.bytes));
        return;
      case 'end':
        this.over = true;
        this.#receiver.onEnd();
        return;
      case 'refuse':
        this.over = true;
        this.#receiver.onFailure('refused', new Error('connect ECONNREFUSED'));
        return;
      case 'reset':
        this.over = true;
        this.#receiver.onFailure('reset', new Error('read ECONNRESET'));
        return;
    }
  }
}

export class ScriptedTransport implements Transport {
  readonly calls: ScriptedCall[] = [];
  closed = false;
  readonly #clock: Clock;
  readonly #script: (call: ScriptedCall, number: number) => Script;

  /** @param script what answers a call; `number` counts this transport's calls from 0 */
  constructor(clock: Clock, script: (call: ScriptedCall, number: number) => Script) {
    this.#clock = clock;
    this.#script = script;
  }

  send(call: UpstreamCall, receiver: Receiver): InFlight {
    const scripted = new ScriptedCall(this.#clock, call, receiver);
    this.calls.push(scripted);
    scripted.play(this.#script(scripted, this.calls.length - 1));
    return scripted;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
