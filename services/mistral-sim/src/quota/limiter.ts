/**
 * Request and token limits per workspace and model family: every key of a workspace draws on the same counters, and
 * so does every alias of a model. A request is counted when it is admitted; its tokens are debited when it has ended,
 * from what was really used, so that a burst can overshoot the token rung as it does at Mistral.
 */
import type { Clock } from '@leeward/kernel';
import { makeWindow, type Window, type WindowKind } from './window.ts';

export interface Limit {
  /** null: no limit, and no header pair. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export interface Rung {
  readonly limit: number;
  readonly remaining: number;
}

/** What the response headers tell. `tripped` names the rung that was empty. */
export interface Standing {
  readonly requests: Rung | undefined;
  readonly tokens: Rung | undefined;
  readonly tripped: 'requests' | 'tokens' | undefined;
}

export interface LimiterOptions {
  readonly requestWindow: WindowKind;
  readonly tokenWindow: WindowKind;
}

interface Counters {
  readonly requests: Window;
  readonly tokens: Window;
}

export class Limiter {
  readonly #clock: Clock;
  readonly #options: LimiterOptions;
  readonly #counters = new Map<string, Counters>();

  constructor(clock: Clock, options: LimiterOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Counts the request when both rungs have room. */
  admit(workspace: string, model: string, limit: Limit): Standing {
    const counters = this.#of(workspace, model);
    const tripped = emptyRung(counters, limit);
    if (tripped === undefined) counters.requests.add(1);
    return { ...this.standing(workspace, model, limit), tripped };
  }

  debit(workspace: string, model: string, tokens: number): void {
    this.#of(workspace, model).tokens.add(tokens);
  }

  standing(workspace: string, model: string, limit: Limit): Standing {
    const counters = this.#of(workspace, model);
    return {
      requests: rung(limit.requestsPerMinute, counters.requests),
      tokens: rung(limit.tokensPerMinute, counters.tokens),
      tripped: undefined,
    };
  }

  reset(): void {
    this.#counters.clear();
  }

  /** Workspaces and canonical models are both configured, so the map is bounded by their product. */
  #of(workspace: string, model: string): Counters {
    const name = `${workspace}\n${model}`;
    let counters = this.#counters.get(name);
    if (counters === undefined) {
      counters = {
        requests: makeWindow(this.#options.requestWindow, this.#clock),
        tokens: makeWindow(this.#options.tokenWindow, this.#clock),
      };
      this.#counters.set(name, counters);
    }
    return counters;
  }
}

function emptyRung(counters: Counters, limit: Limit): Standing['tripped'] {
  if (limit.requestsPerMinute !== null && counters.requests.used() >= limit.requestsPerMinute) return 'requests';
  if (limit.tokensPerMinute !== null && counters.tokens.used() >= limit.tokensPerMinute) return 'tokens';
  return undefined;
}

function rung(limit: number | null, window: Window): Rung | undefined {
  return limit === null ? undefined : { limit, remaining: Math.max(0, limit - window.used()) };
}
