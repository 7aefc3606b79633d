import type { Clock, Timer } from '@leeward/kernel';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';

/**
 * Ended spans on their way to the collector: a bounded queue, sent in batches, one batch at a time. OpenTelemetry's
 * own batch processor is not used because it tells nobody what it drops, and its queue of 2,048 dropped half of a
 * burst of 5,000.
 */
type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number];

export interface SpanExporter {
  export: OTLPTraceExporter['export'];
  shutdown(): Promise<void>;
}

/**
 * Three times the burst that was seen to overflow the default; at 1,000 requests a second, all sampled, about seven
 * seconds of a collector that does not answer. A waiting span holds about 1.2 KiB, so a full queue about 20 MiB.
 */
export const QUEUE_SPANS = 16_384;

/** Encoding a batch holds the event loop: 128 spans for 0.7 ms, the default of 512 for 3 ms. */
export const BATCH_SPANS = 128;

/** Soon enough to look at a trace while it matters; a crash loses this much. The default is 5 s. */
export const BATCH_DELAY_MS = 1_000;

/** OpenTelemetry's code for an export that succeeded; the package that names it is not among our dependencies. */
const SUCCESS = 0;

export class SpanQueue {
  readonly #exporter: SpanExporter;
  readonly #clock: Clock;
  readonly #onDropped: (count: number) => void;
  #waiting: ReadableSpan[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #inFlight = 0;
  #closed = false;

  constructor(deps: { exporter: SpanExporter; clock: Clock; onDropped: (count: number) => void }) {
    this.#exporter = deps.exporter;
    this.#clock = deps.clock;
    this.#onDropped = deps.onDropped;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#closed || this.#waiting.length >= QUEUE_SPANS) {
      this.#onDropped(1);
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= BATCH_SPANS) this.#send();
    else this.#timer ??= this.#clock.after(BATCH_DELAY_MS, () => this.#send());
  }

  async forceFlush(): Promise<void> {
    this.#send();
    await this.#sending;
  }

  async shutdown(): Promise<void> {
    this.#closed = true;
    await this.forceFlush();
    await this.#exporter.shutdown();
  }

  /** Gives up what is not yet known to have arrived. */
  abandon(): void {
    this.#closed = true;
    const lost = this.#waiting.length + this.#inFlight;
    this.#waiting = [];
    this.#inFlight = 0;
    if (lost > 0) this.#onDropped(lost);
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    // Never in the turn of the request whose span was the last of a batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_SPANS);
      this.#inFlight = batch.length;
      const arrived = await this.#export(batch);
      if (!arrived && this.#inFlight > 0) this.#onDropped(this.#inFlight);
      this.#inFlight = 0;
    }
    this.#sending = undefined;
  }

  #export(batch: ReadableSpan[]): Promise<boolean> {
    return new Promise((resolve) => {
      this.#exporter.export(batch, ({ code }: { code: number }) => resolve(code === SUCCESS));
    });
  }
}
