/**
 * What a gateway writes of its decisions, and of what others told it, with times taken in the gateway itself: a test that
 * asks over the network when something was known measures its own asking.
 */

export interface Attempt {
  readonly target: string;
  readonly outcome: string;
  /** Wall clock; all processes of a test share the machine's. */
  readonly pickedAtMs: number;
  readonly endedAtMs: number;
}

/** It began to leave a target alone on the word of another. */
export interface Hold {
  readonly target: string;
  readonly atMs: number;
}

interface DecidedLine {
  readonly event: 'exchange-decided';
  readonly time: string;
  readonly durationMs: number;
  readonly attempts: readonly {
    readonly target: string;
    readonly outcome: string;
    readonly afterMs: number;
    readonly tookMs: number;
  }[];
}

interface HeldLine {
  readonly event: 'target-held';
  readonly time: string;
  readonly target: string;
}

const READ = /"event":"(?:exchange-decided|target-held)"/;

/** Some minutes of a test's load; the oldest go first. */
const MAX_KEPT = 20_000;

export class NodeLog {
  readonly #attempts: Attempt[] = [];
  readonly #holds: Hold[] = [];
  #rest = '';

  /** In the order in which their exchanges ended. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  get holds(): readonly Hold[] {
    return this.#holds;
  }

  read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (READ.test(line)) this.#add(JSON.parse(line) as DecidedLine | HeldLine);
    for (const kept of [this.#attempts, this.#holds])
      if (kept.length > MAX_KEPT) kept.splice(0, kept.length - MAX_KEPT);
  }

  #add(line: DecidedLine | HeldLine): void {
    const atMs = Date.parse(line.time);
    switch (line.event) {
      case 'exchange-decided':
        for (const { target, outcome, afterMs, tookMs } of line.attempts) {
          const pickedAtMs = atMs - line.durationMs + afterMs;
          this.#attempts.push({ target, outcome, pickedAtMs, endedAtMs: pickedAtMs + tookMs });
        }
        return;
      case 'target-held':
        this.#holds.push({ target: line.target, atMs });
        return;
    }
  }
}
