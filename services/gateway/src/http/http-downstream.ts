/** The client's end of an exchange, over a node:http response. */
import type { ServerResponse } from 'node:http';
import type { Downstream, Served } from '@leeward/failover';
import { servedHeaders } from './response-headers.ts';

export class HttpDownstream implements Downstream {
  readonly #response: ServerResponse;
  readonly #requestId: string;
  #left = false;
  #onLeave: (() => void) | undefined;
  #leaving: AbortController | undefined;

  constructor(response: ServerResponse, requestId: string) {
    this.#response = response;
    this.#requestId = requestId;
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
    const headers = servedHeaders(this.#requestId, served);
    headers['content-type'] = 'text/event-stream; charset=utf-8';
    headers['cache-control'] = 'no-cache';
    // nginx, as an ingress, otherwise holds events back to fill its buffer.
    headers['x-accel-buffering'] = 'no';
    this.#response.writeHead(200, headers);
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

  #leave(): void {
    this.#left = true;
    this.#leaving?.abort(CLIENT_LEFT);
    this.#onLeave?.();
  }
}

const CLIENT_LEFT = new Error('the client left');
