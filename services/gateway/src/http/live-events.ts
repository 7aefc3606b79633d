/**
 * `GET /admin/events`: what the node looks like now, once a second, as server-sent events. One view is made for all
 * listeners, and none while nobody listens. There is room for so many listeners; one that does not read is dropped, so
 * that a laptop that fell asleep costs no memory. Its browser comes again by itself.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '@leeward/kernel';

const EVERY_MS = 1000;

/** A team that looks at one incident, with a screen on the wall. */
const MAX_LISTENERS = 32;

/** Ten views of two hundred targets: a reader that is further behind does not read. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

interface LiveEventsDeps {
  readonly clock: Clock;
  readonly view: () => Promise<object>;
  readonly onFailed: (error: unknown) => void;
}

export class LiveEvents {
  readonly #deps: LiveEventsDeps;
  readonly #listeners = new Set<ServerResponse>();
  #next: Timer | undefined;
  #isViewing = false;

  constructor(deps: LiveEventsDeps) {
    this.#deps = deps;
  }

  /** Takes the response over; false when there is no room for it. */
  add(response: ServerResponse): boolean {
    if (this.#listeners.size >= MAX_LISTENERS) return false;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // Proxies that collect answers would make a minute of one second.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${EVERY_MS}\n\n`);
    this.#listeners.add(response);
    response.once('close', () => this.#remove(response));
    if (!this.#isViewing) {
      // A new one is not to wait for the others' second.
      this.#next?.cancel();
      void this.#tell();
    }
    return true;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async #tell(): Promise<void> {
    const { clock, view, onFailed } = this.#deps;
    const startedMs = clock.nowMs();
    this.#isViewing = true;
    try {
      // Encoded once for all of them.
      const event = Buffer.from(`event: view\ndata: ${JSON.stringify(await view())}\n\n`);
      for (const listener of this.#listeners) this.#write(listener, event);
    } catch (error) {
      // Told and passed over: the next second's may be well.
      onFailed(error);
    } finally {
      this.#isViewing = false;
    }
    if (this.#listeners.size === 0) return;
    this.#next = clock.after(Math.max(0, startedMs + EVERY_MS - clock.nowMs()), () => void this.#tell());
  }

  #write(listener: ServerResponse, event: Buffer): void {
    if (listener.writableLength > MAX_BACKLOG_BYTES) listener.destroy();
    else listener.write(event);
  }

  #remove(listener: ServerResponse): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#next?.cancel();
  }
}
