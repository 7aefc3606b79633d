/**
 * Decides, for one request, what goes wrong with it and how slow it is.
 *
 * Latencies of all matching rules add up on top of the configured base: a spike stands on the ordinary latency. Of
 * the faults, the first rule that matches and draws wins: one request fails in one way.
 */
import type { Clock, Rng } from '@leeward/kernel';
import { type Distribution, drawMs } from './distribution.ts';
import { type Effect, type Fault, type FaultRule, type Surface, scriptSchema } from './rule.ts';
import { strengthAt } from './shape.ts';

export interface Struck {
  readonly personality: 'mistral' | 'openai';
  readonly key: string;
  readonly workspace: string;
  /** The name asked for, and the canonical one behind it: a rule may name either. */
  readonly models: readonly string[];
  readonly surface: Surface;
  readonly stream: boolean;
}

export interface Plan {
  readonly firstTokenMs: number;
  /** Draws the time one more token takes; undefined when tokens cost nothing, so that no timer is needed. */
  readonly perTokenMs: (() => number) | undefined;
  readonly fault: Fault | undefined;
}

export interface FaultScriptDeps {
  readonly clock: Clock;
  readonly rng: Rng;
}

export interface BaseLatency {
  readonly firstTokenMs: Distribution;
  readonly perTokenMs: Distribution;
}

interface ActiveRule {
  readonly rule: FaultRule;
  struck: number;
}

export class FaultScript {
  readonly #deps: FaultScriptDeps;
  readonly #base: BaseLatency;
  #rules: ActiveRule[] = [];
  #startMs: number;

  constructor(deps: FaultScriptDeps, base: BaseLatency) {
    this.#deps = deps;
    this.#base = base;
    this.#startMs = deps.clock.nowMs();
  }

  /** Replaces the script and starts its time anew. Throws a ZodError for a rule that is not one. */
  set(rules: unknown): void {
    this.#rules = scriptSchema.parse(rules).map((rule) => ({ rule, struck: 0 }));
    this.#startMs = this.#deps.clock.nowMs();
  }

  list(): readonly FaultRule[] {
    return this.#rules.map(({ rule }) => rule);
  }

  plan(struck: Struck): Plan {
    const { rng, clock } = this.#deps;
    const sinceStartMs = clock.nowMs() - this.#startMs;
    let firstTokenMs = drawMs(this.#base.firstTokenMs, rng);
    const perToken: { distribution: Distribution; strength: number }[] = [];
    if (costs(this.#base.perTokenMs)) perToken.push({ distribution: this.#base.perTokenMs, strength: 1 });
    let fault: Fault | undefined;
    for (const active of this.#rules) {
      const { rule } = active;
      const effect: Effect = rule.effect;
      if (fault !== undefined && effect.kind !== 'latency') continue;
      if (active.struck >= (rule.times ?? Number.POSITIVE_INFINITY) || !matches(rule, struck, sinceStartMs)) continue;
      const strength = strengthAt(rule.shape, sinceStartMs);
      const odds = effect.kind === 'latency' && strength > 0 ? rule.probability : rule.probability * strength;
      if (odds <= 0 || (odds < 1 && rng() >= odds)) continue;
      active.struck++;
      if (effect.kind !== 'latency') {
        fault = effect;
        continue;
      }
      firstTokenMs += strength * drawMs(effect.firstTokenMs, rng);
      if (costs(effect.perTokenMs)) perToken.push({ distribution: effect.perTokenMs, strength });
    }
    return { firstTokenMs, perTokenMs: sumOf(perToken, rng), fault };
  }
}

function matches({ when, fromMs, untilMs }: FaultRule, struck: Struck, sinceStartMs: number): boolean {
  return (
    sinceStartMs >= fromMs &&
    (untilMs === undefined || sinceStartMs < untilMs) &&
    (when.personality === undefined || when.personality === struck.personality) &&
    (when.key === undefined || when.key === struck.key) &&
    (when.workspace === undefined || when.workspace === struck.workspace) &&
    (when.model === undefined || struck.models.includes(when.model)) &&
    (when.surface === undefined || when.surface === struck.surface) &&
    (when.stream === undefined || when.stream === struck.stream)
  );
}

function costs(distribution: Distribution): boolean {
  return !(
    distribution === 0 ||
    (typeof distribution === 'object' && distribution.kind === 'fixed' && distribution.ms === 0)
  );
}

function sumOf(parts: readonly { distribution: Distribution; strength: number }[], rng: Rng) {
  if (parts.length === 0) return undefined;
  return () => parts.reduce((sum, { distribution, strength }) => sum + strength * drawMs(distribution, rng), 0);
}
