/** The client's end of an exchange, over a node:http response. */
import type { ServerResponse } from 'node:http';
import type { Downstream, Served } from '@leeward/failover';
import { servedHeaders } from './response-headers.ts';

export class HttpDownstream implements Downstream {
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #leaving = new AbortController();

  constructor(response: ServerResponse, requestId: string) {
    this.#response = response;
    this.#requestId = requestId;
    response.once('close', () => {
      if (!response.writableFinished) this.#leaving.abort(new Error('the client left'));
    });
  }

  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  beginStream(served: Served): void {
    this.#response.writeHead(200, {
      ...servedHeaders(this.#requestId, served),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // nginx, as an ingress, otherwise holds events back to fill its buffer.
      'x-accel-buffering': 'no',
    });
  }

  write(bytes: Buffer): boolean {
    return this.#response.write(bytes);
  }

  onDrain(resume: () => void): void {
    this.#response.once('drain', resume);
  }

  end(): void {
    this.#response.end();
  }
}
