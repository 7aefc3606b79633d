/** The client's end of an exchange, over a node:http response. What one turn of the event loop says is one write. */
import type { ServerResponse } from 'node:http';
import { type Downstream, type Served, SLOW_CLIENT_MS } from '@leeward/failover';
import type { EndOfTurn } from '@leeward/kernel';
import type { ResponseHeaders } from './error-response.ts';
import { servedHeaders } from './response-headers.ts';

export class HttpDownstream implements Downstream {
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly #endOfTurn: EndOfTurn;
  #gathered: Buffer[] = [];
  #scheduled = false;
  #ended = false;
  #left = false;
  #onLeave: (() => void) | undefined;
  #leaving: AbortController | undefined;

  constructor(response: ServerResponse, requestId: string, endOfTurn: EndOfTurn) {
    this.response = response;
    this.requestId = requestId;
    this.#endOfTurn = endOfTurn;
    response.once('close', () => {
      if (!response.writableFinished) this.#leave();
    });
  }

  get left(): boolean {
    return this.#left;
  }

  onLeave(run: () => void): void {
    this.#onLeave = run;
  }

  get signal(): AbortSignal {
    this.#leaving ??= new AbortController();
    if (this.#left) this.#leaving.abort(CLIENT_LEFT);
    return this.#leaving.signal;
  }

  beginStream(served: Served): void {
    const headers = servedHeaders(this.requestId, served);
    headers['content-type'] = 'text/event-stream; charset=utf-8';
    headers['cache-control'] = 'no-cache';
    // nginx, as an ingress, otherwise holds events back to fill its buffer.
    headers['x-accel-buffering'] = 'no';
    this.response.writeHead(200, headers);
  }

  write(bytes: Buffer): boolean {
    if (this.#ended || this.#left) return true;
    this.#gathered.push(bytes);
    this.#schedule();
    return !this.response.writableNeedDrain;
  }

  /** A whole answer. */
  answer(status: number, headers: ResponseHeaders, body: Buffer): void {
    this.response.writeHead(status, headers);
    this.#gathered.push(body);
    this.end();
  }

  onDrain(resume: () => void): void {
    this.response.once('drain', resume);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#endOfTurn.add(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const [first] = this.#gathered;
    const bytes = first !== undefined && this.#gathered.length === 1 ? first : Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (this.response.destroyed) return;
    if (!this.#ended) this.response.write(bytes);
    else {
      this.response.end(bytes);
      // Nobody waits for the rest any more but its memory. Node looks as often as the limit is long, so that it may be
      // twice as long, and takes it back when all has gone out.
      if (this.response.writableLength > 0) this.response.setTimeout(SLOW_CLIENT_MS);
    }
  }

  #leave(): void {
    this.#left = true;
    this.#leaving?.abort(CLIENT_LEFT);
    this.#onLeave?.();
  }
}

const CLIENT_LEFT = new Error('the client left');
