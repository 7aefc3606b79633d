/** Runs exchanges against scripted providers, as the gateway would, on a virtual clock. */
import { type Picker, weightedRandomPicker } from '@leeward/balancer';
import {
  type ExchangeReport,
  Hedging,
  RetryBudget,
  type RouteOptions,
  routeOptions,
  runExchange,
} from '@leeward/failover';
import type { Pool } from '@leeward/upstream';
import { readClientRequest } from '@leeward/wire';
import { RecordingDownstream } from './recording-downstream.ts';
import { type ScriptedFleet, type ScriptedProvider, scriptedFleet } from './scripted-fleet.ts';
import { seededRng } from './seeded-rng.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Scenario {
  readonly providers: Readonly<Record<string, ScriptedProvider>>;
  /** Each pool's entries as `provider/model`. */
  readonly pools: readonly (readonly string[])[];
  readonly timeouts?: Partial<RouteOptions['timeouts']>;
  readonly retries?: Partial<RouteOptions['retries']>;
  readonly recovery?: 'resume' | 'error';
  /** Absent: no hedging. */
  readonly hedge?: Partial<NonNullable<RouteOptions['hedge']>>;
  readonly maxAnswerBytes?: number;
  readonly budget?: (clock: VirtualClock) => RetryBudget;
  /** Weighted random unless said otherwise: scripts say what happens, not who is fast. */
  readonly picker?: Picker;
  readonly seed?: number;
}

export interface Ask {
  readonly surface?: 'chat' | 'fim' | 'embeddings';
  readonly dialect?: 'mistral' | 'openai';
  readonly body?: Record<string, unknown>;
  readonly stream?: boolean;
  readonly affinity?: string;
  readonly deadlineMs?: number;
}

/** An exchange that has been started. */
export interface Asked {
  readonly client: RecordingDownstream;
  readonly report: Promise<ExchangeReport>;
  /** Filled once the exchange has ended. */
  readonly ended: { report: ExchangeReport | undefined; count: number };
}

export class ScriptedExchange {
  readonly clock = new VirtualClock();
  readonly scripted: ScriptedFleet;
  readonly pools: readonly Pool[];
  readonly budget: RetryBudget;
  readonly hedging: Hedging | undefined;
  readonly #options: RouteOptions;
  readonly #scenario: Scenario;
  readonly #rng: () => number;
  readonly #picker: Picker;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#rng = seededRng(scenario.seed ?? 1);
    this.#picker = scenario.picker ?? weightedRandomPicker(this.#rng);
    this.scripted = scriptedFleet({ clock: this.clock, rng: this.#rng }, scenario.providers);
    const entries = scenario.pools.map((pool) =>
      pool.map((entry) => {
        const slash = entry.indexOf('/');
        return { provider: entry.slice(0, slash), model: entry.slice(slash + 1), weight: 1 };
      }),
    );
    this.pools = entries.map((pool) => this.scripted.fleet.pool(pool));
    this.budget = scenario.budget?.(this.clock) ?? new RetryBudget(this.clock);
    this.#options = routeOptions.parse({
      pools: entries,
      timeouts: scenario.timeouts ?? {},
      retries: scenario.retries ?? {},
      recovery: scenario.recovery ?? 'resume',
      ...(scenario.hedge === undefined ? {} : { hedge: scenario.hedge }),
    });
    const { hedge } = this.#options;
    this.hedging = hedge === undefined ? undefined : new Hedging(this.clock, hedge);
  }

  get calls(): ScriptedFleet['calls'] {
    return this.scripted.calls;
  }

  /** The keys asked, in order. */
  get keys(): readonly string[] {
    return this.calls.map((call) => call.key);
  }

  get inFlight(): number {
    return this.scripted.fleet.targets.reduce((sum, target) => sum + target.inFlight, 0);
  }

  /** Timers that wait now, those for the probes of open breakers left out. */
  get timersLeft(): number {
    const views = this.scripted.fleet.targets.map((target) => target.view());
    const keys = this.scripted.fleet.providers.flatMap((provider) => provider.keys);
    const states = [
      ...views.map(({ breaker }) => breaker.state),
      ...views.map(({ capacity }) => capacity?.state),
      ...keys.map(({ quarantine }) => quarantine.state),
    ];
    return this.clock.pending - states.filter((state) => state === 'open').length;
  }

  start(ask: Ask = {}): Asked {
    const { surface = 'chat', dialect = 'mistral', stream = false, affinity, deadlineMs } = ask;
    const body = {
      model: 'route',
      messages: [{ role: 'user', content: 'Hello' }],
      ...(stream ? { stream } : {}),
      ...ask.body,
    };
    const client = new RecordingDownstream();
    const report = runExchange(
      { clock: this.clock, rng: this.#rng, picker: this.#picker, budget: this.budget },
      {
        request: readClientRequest(surface, dialect, Buffer.from(JSON.stringify(body))),
        path: '/v1/chat/completions',
        pools: this.pools,
        timeouts: this.#options.timeouts,
        retries: this.#options.retries,
        recovery: this.#options.recovery,
        affinity,
        hedging: this.hedging,
        deadlineAtMs: this.clock.nowMs() + (deadlineMs ?? this.#options.timeouts.totalMs),
        maxAnswerBytes: this.#scenario.maxAnswerBytes ?? 1024 * 1024,
      },
      client,
    );
    const ended: Asked['ended'] = { report: undefined, count: 0 };
    const noted = report.then((done) => {
      ended.report = done;
      ended.count++;
      return done;
    });
    return { client, report: noted, ended };
  }

  /** Starts an exchange and moves time until it has ended, by an hour at the most. */
  async run(ask: Ask = {}): Promise<Asked & { readonly done: ExchangeReport }> {
    const asked = this.start(ask);
    for (
      let stepMs = 1;
      asked.ended.report === undefined && this.clock.nowMs() < 3_600_000;
      stepMs = Math.min(stepMs * 2, 1000)
    ) {
      await this.clock.advance(stepMs);
    }
    if (asked.ended.report === undefined) throw new Error('the exchange did not end within an hour');
    return { ...asked, done: asked.ended.report };
  }
}
