/**
 * What a vendor's response headers last said of a quota group and model. Streamed answers carry none of them, so this
 * is a reading for people and a correction for our own counts, never the only source.
 */
import type { UpstreamHeaders } from './transport.ts';

export interface QuotaView {
  readonly requestsPerMinute: number | undefined;
  readonly requestsRemaining: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly tokensRemaining: number | undefined;
}

export class QuotaReading {
  #view: QuotaView;

  constructor(configured: {
    readonly requestsPerMinute?: number | undefined;
    readonly tokensPerMinute?: number | undefined;
  }) {
    this.#view = {
      requestsPerMinute: configured.requestsPerMinute,
      requestsRemaining: undefined,
      tokensPerMinute: configured.tokensPerMinute,
      tokensRemaining: undefined,
    };
  }

  get view(): QuotaView {
    return this.#view;
  }

  observe(headers: UpstreamHeaders): void {
    const requests = read(headers, 'x-ratelimit-limit-req-minute');
    const tokens = read(headers, 'x-ratelimit-limit-tokens-minute');
    if (requests === undefined && tokens === undefined) return;
    // A 429 leaves out the pair that did not trip: what it does not say stays as it was.
    this.#view = {
      requestsPerMinute: requests ?? this.#view.requestsPerMinute,
      requestsRemaining: read(headers, 'x-ratelimit-remaining-req-minute') ?? this.#view.requestsRemaining,
      tokensPerMinute: tokens ?? this.#view.tokensPerMinute,
      tokensRemaining: read(headers, 'x-ratelimit-remaining-tokens-minute') ?? this.#view.tokensRemaining,
    };
  }
}

function read(headers: UpstreamHeaders, name: string): number | undefined {
  const text = headers[name];
  if (typeof text !== 'string') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
