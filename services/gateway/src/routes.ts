/**
 * From a model name to the pools that serve it, and to what picks among them. Named routes have their pools made once;
 * the wildcard's are made when a name is first asked for and kept for the names used most recently, because clients
 * choose those names.
 */
import { createPicker, type Picker } from '@leeward/balancer';
import { Hedging, type RouteOptions } from '@leeward/failover';
import { type Clock, GatewayError, type Rng } from '@leeward/kernel';
import type { Fleet, Pool, Provider } from '@leeward/upstream';
import type { Settings } from './config/settings.ts';

export interface Route {
  /** As configured: the label in metrics. `*` for the wildcard. */
  readonly name: string;
  readonly options: RouteOptions;
  readonly pools: readonly Pool[];
  readonly picker: Picker;
  /** What is learned of the route for hedging; undefined where it is not configured. */
  readonly hedging: Hedging | undefined;
}

export interface RoutesDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly fleet: Fleet;
}

const WILDCARD = '*';

/** Model names that the wildcard keeps state of: more than any vendor offers. */
const MAX_WILDCARD_MODELS = 256;

/** Clients may have made most of their names up; the last ones tell what is going on. */
const MAX_SHOWN_WILDCARDS = 32;

interface MemberView {
  readonly id: string;
  readonly weight: number;
  /** Among its siblings, as the picker compares them. */
  readonly load: number;
}

export interface RouteView {
  readonly name: string;
  /** What a client asked the wildcard for; undefined for a route with a name of its own. */
  readonly model: string | undefined;
  readonly picker: string;
  readonly pools: readonly (readonly MemberView[])[];
}

export class Routes {
  readonly #deps: RoutesDeps;
  readonly #named = new Map<string, Route>();
  readonly #wildcard: RouteOptions | undefined;
  /** In order of last use, the oldest first. */
  readonly #wildcards = new Map<string, Route>();
  /** Made once, because pickers remember pools. At most one for each provider, and gone with its route. */
  readonly #pinned = new WeakMap<Route, Map<Provider, Route>>();

  /**
   * @param previous of the config before: a route whose hedging did not change goes on with what it learned, and the
   *   wildcard keeps its models, so that their targets are taken over as well
   */
  constructor(deps: RoutesDeps, routes: Settings['routes'], previous?: Routes) {
    this.#deps = deps;
    this.#wildcard = routes[WILDCARD];
    for (const [name, options] of Object.entries(routes)) {
      if (name === WILDCARD) continue;
      this.#named.set(
        name,
        this.#build(name, options, name, previous === undefined ? undefined : previous.#named.get(name)),
      );
    }
    if (previous === undefined) return;
    for (const [model, route] of previous.#wildcards) this.#keepWildcard(model, route);
  }

  /** Names of the configured routes, the wildcard's left out: what GET /v1/models lists beside the vendors' own. */
  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  /** Every route with its pools, for people: the configured ones, then the wildcard's models, the last used first. */
  get views(): readonly RouteView[] {
    const wildcards = [...this.#wildcards].slice(-MAX_SHOWN_WILDCARDS).reverse();
    return [
      ...Array.from(this.#named.values(), (route) => viewRoute(route, undefined)),
      ...wildcards.map(([model, route]) => viewRoute(route, model)),
    ];
  }

  /**
   * The route for a model name, which may pin a provider (`provider/model`): then only that provider's targets of the
   * route count. Throws GW_UNKNOWN_MODEL.
   */
  find(model: string): Route {
    const slash = model.indexOf('/');
    const provider = slash === -1 ? undefined : this.#deps.fleet.provider(model.slice(0, slash));
    if (provider === undefined) return this.#route(model);
    return this.#pin(this.#route(model.slice(slash + 1)), provider);
  }

  #pin(route: Route, provider: Provider): Route {
    const pinned = this.#pinned.get(route) ?? new Map<Provider, Route>();
    const known = pinned.get(provider);
    if (known !== undefined) return known;
    const pools = route.pools
      .map((pool) => pool.filter((member) => member.target.provider === provider))
      .filter((pool) => pool.length > 0);
    if (pools.length === 0) {
      throw new GatewayError('GW_UNKNOWN_MODEL', `Provider ${provider.name} has no target for this model.`);
    }
    const made = { ...route, pools };
    this.#pinned.set(route, pinned.set(provider, made));
    return made;
  }

  #route(model: string): Route {
    const named = this.#named.get(model);
    if (named !== undefined) return named;
    if (this.#wildcard === undefined) {
      throw new GatewayError(
        'GW_UNKNOWN_MODEL',
        'No route serves this model, and there is no "*" route; GET /v1/models lists what is served.',
      );
    }
    if (!/^[\x21-\x7e]+$/.test(model)) {
      throw new GatewayError('GW_UNKNOWN_MODEL', 'A model name has visible ASCII characters only, and at least one.');
    }
    const known = this.#wildcards.get(model);
    const route = known ?? this.#build(WILDCARD, this.#wildcard, model, undefined);
    // Deleting and setting again moves it to the end: a map keeps the order of insertion.
    this.#wildcards.delete(model);
    this.#wildcards.set(model, route);
    this.#forgetOldest();
    return route;
  }

  #forgetOldest(): void {
    if (this.#wildcards.size <= MAX_WILDCARD_MODELS) return;
    for (const [model, route] of this.#wildcards) {
      this.#wildcards.delete(model);
      for (const pool of route.pools) this.#deps.fleet.release(pool);
      return;
    }
  }

  #keepWildcard(model: string, before: Route): void {
    if (this.#wildcard === undefined || this.#named.has(model)) return;
    this.#wildcards.set(model, this.#build(WILDCARD, this.#wildcard, model, before));
  }

  /** @param before the same route of the config before */
  #build(name: string, options: RouteOptions, model: string, before: Route | undefined): Route {
    const { clock, rng, fleet } = this.#deps;
    const pools = options.pools.map((entries) =>
      fleet.pool(entries.map((entry) => ({ ...entry, model: entry.model ?? model }))),
    );
    const learned = before !== undefined && isSameHedge(before.options, options) ? before.hedging : undefined;
    const hedging = options.hedge === undefined ? undefined : (learned ?? new Hedging(clock, options.hedge));
    return { name, options, pools, picker: createPicker(options.picker, rng), hedging };
  }
}

function viewRoute({ name, options, pools }: Route, model: string | undefined): RouteView {
  const members = pools.map((pool) =>
    pool.map((member) => ({ id: member.id, weight: member.weight, load: Math.round(member.load) })),
  );
  return { name, model, picker: options.picker, pools: members };
}

function isSameHedge({ hedge: one }: RouteOptions, { hedge: other }: RouteOptions): boolean {
  return one?.maxShare === other?.maxShare && one?.quantile === other?.quantile;
}
