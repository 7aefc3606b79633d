/**
 * From a model name to the pools that serve it. Named routes have their pools made once; the wildcard's are made when a
 * name is first asked for and kept for the names used most recently, because clients choose those names.
 */
import type { RouteOptions, Timeouts } from '@leeward/failover';
import { GatewayError } from '@leeward/kernel';
import type { Fleet, Pool } from '@leeward/upstream';
import type { Settings } from './config/settings.ts';

export interface Route {
  /** As configured: the label in metrics. `*` for the wildcard. */
  readonly name: string;
  readonly options: RouteOptions;
  readonly pools: readonly Pool[];
  readonly timeouts: Timeouts;
}

const WILDCARD = '*';

/** Model names that the wildcard keeps state of: more than any vendor offers. */
const MAX_WILDCARD_MODELS = 256;

export class Routes {
  readonly #fleet: Fleet;
  readonly #named = new Map<string, Route>();
  readonly #wildcard: RouteOptions | undefined;
  /** In order of last use, the oldest first. */
  readonly #wildcards = new Map<string, Route>();

  constructor(fleet: Fleet, routes: Settings['routes']) {
    this.#fleet = fleet;
    this.#wildcard = routes[WILDCARD];
    for (const [name, options] of Object.entries(routes)) {
      if (name !== WILDCARD) this.#named.set(name, this.#build(name, options, name));
    }
  }

  /** Names of the configured routes, the wildcard's left out: what GET /v1/models lists beside the vendors' own. */
  get names(): readonly string[] {
    return [...this.#named.keys()];
  }

  /**
   * The route for a model name, which may pin a provider (`provider/model`): then only that provider's targets of the
   * route count. Throws GW_UNKNOWN_MODEL.
   */
  find(model: string): Route {
    const slash = model.indexOf('/');
    const provider = slash === -1 ? undefined : this.#fleet.provider(model.slice(0, slash));
    if (provider === undefined) return this.#route(model);
    const route = this.#route(model.slice(slash + 1));
    const pools = route.pools
      .map((pool) => pool.filter((member) => member.target.provider === provider))
      .filter((pool) => pool.length > 0);
    if (pools.length === 0) {
      throw new GatewayError('GW_UNKNOWN_MODEL', `Provider ${provider.name} has no target for this model.`);
    }
    return { ...route, pools };
  }

  #route(model: string): Route {
    const named = this.#named.get(model);
    if (named !== undefined) return named;
    if (this.#wildcard === undefined) {
      throw new GatewayError('GW_UNKNOWN_MODEL', 'No route serves this model, and there is no "*" route.');
    }
    if (!/^[\x21-\x7e]+$/.test(model)) {
      throw new GatewayError('GW_UNKNOWN_MODEL', 'A model name has visible ASCII characters only, and at least one.');
    }
    const known = this.#wildcards.get(model);
    const route = known ?? this.#build(WILDCARD, this.#wildcard, model);
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
      for (const pool of route.pools) this.#fleet.release(pool);
      return;
    }
  }

  #build(name: string, options: RouteOptions, model: string): Route {
    const pools = options.pools.map((entries) =>
      this.#fleet.pool(entries.map((entry) => ({ ...entry, model: entry.model ?? model }))),
    );
    return { name, options, pools, timeouts: options.timeouts };
  }
}
