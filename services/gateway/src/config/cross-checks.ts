/**
 * What no single section can know: names that must exist elsewhere, values that must fit each other. Each section is
 * parsed by itself here, so that a mistake in one does not hide those in another; a section that does not parse has
 * its own problems reported already and is passed over.
 *
 * Problems refuse the config. Warnings do not: the config works, but perhaps not as meant.
 */
import { createHash } from 'node:crypto';
import { routeOptions, type RouteOptions } from '@leeward/failover';
import type { Secret } from '@leeward/kernel';
import { type ProviderOptions, providerOptions } from '@leeward/upstream';
import { addressText, isLoopback } from './address.ts';
import { type Explanation, valueAt } from './explain.ts';
import { nearestWord } from './nearest-word.ts';
import { type Path, pathText, quoted } from './problem.ts';
import { authOptions, limitOptions, listenOptions } from './schema.ts';

export interface CrossChecked {
  readonly problems: readonly Explanation[];
  readonly warnings: readonly Explanation[];
}

/** `raw` is the file's tree with its secrets resolved. */
export function crossCheck(raw: unknown): CrossChecked {
  const checks = new Checks(raw);
  checks.listening();
  checks.clientKeys();
  for (const [name, provider] of checks.providers) if (provider !== undefined) checks.provider(name, provider);
  for (const [name, route] of checks.routes) if (route !== undefined) checks.route(name, route);
  checks.limits();
  return checks;
}

class Checks implements CrossChecked {
  readonly problems: Explanation[] = [];
  readonly warnings: Explanation[] = [];
  /** By name; undefined when it is there but does not parse. */
  readonly providers: ReadonlyMap<string, ProviderOptions | undefined>;
  readonly routes: ReadonlyMap<string, RouteOptions | undefined>;
  readonly #raw: unknown;

  constructor(raw: unknown) {
    this.#raw = raw;
    this.providers = new Map(
      entriesAt(raw, 'providers').map(([name, one]) => [name, providerOptions.safeParse(one).data]),
    );
    this.routes = new Map(entriesAt(raw, 'routes').map(([name, one]) => [name, routeOptions.safeParse(one).data]));
  }

  listening(): void {
    const listen = listenOptions.safeParse(valueAt(this.#raw, ['listen']) ?? {}).data;
    if (listen === undefined) return;
    const { data, admin } = listen;
    if (data.port !== 0 && data.port === admin.port) {
      this.#problem(['listen', 'admin'], `must have another port than listen.data, has ${admin.port} too`);
    }
    if (!isLoopback(data) && valueAt(this.#raw, ['auth']) === undefined) {
      this.#problem(
        ['auth'],
        `is missing, and listen.data (${addressText(data)}) is not loopback; configure clientKeys, or say auth: none aloud`,
      );
    }
  }

  clientKeys(): void {
    const auth = authOptions.safeParse(valueAt(this.#raw, ['auth'])).data;
    if (auth === undefined || auth === 'none') return;
    const at = (index: number) => ['auth', 'clientKeys', index] as const;
    this.#names(auth.clientKeys, at);
    for (const [index, first] of duplicateSecrets(auth.clientKeys)) {
      this.#problem([...at(index), 'secret'], `must differ from every other, is the same as ${pathText(at(first))}'s`);
    }
  }

  provider(name: string, provider: ProviderOptions): void {
    const path = ['providers', name];
    const url = new URL(provider.baseUrl);
    // Never shown: credentials in a URL are secrets, and a query often is one.
    const unwanted = [
      url.username !== '' || url.password !== '' ? 'credentials' : [],
      url.search !== '' || provider.baseUrl.includes('?') ? 'a query' : [],
      url.hash !== '' || provider.baseUrl.includes('#') ? 'a fragment' : [],
    ].flat();
    if (unwanted.length > 0)
      this.#problem([...path, 'baseUrl'], `must have no credentials, query or fragment, has ${unwanted.join(' and ')}`);
    const at = (index: number) => [...path, 'keys', index];
    this.#names(provider.keys, at);
    for (const [index, first] of duplicateSecrets(provider.keys)) {
      this.#warning(
        [...at(index), 'secret'],
        `is the same as ${pathText(at(first))}'s; the same key twice adds no quota`,
      );
    }
    const groups = Object.keys(provider.quotaGroups);
    for (const [index, { quotaGroup }] of provider.keys.entries()) {
      if (quotaGroup === undefined || groups.length === 0 || groups.includes(quotaGroup)) continue;
      const declared = groups.slice(0, 10).map(quoted).join(', ');
      this.#warning(
        [...at(index), 'quotaGroup'],
        `is ${quoted(quotaGroup)}, which is not among quotaGroups (${declared}), so its limits are learned from response headers${meant(quotaGroup, groups)}`,
      );
    }
    const { probeAfterMs, maxProbeAfterMs } = provider.breaker;
    this.#atMost([...path, 'breaker', 'probeAfterMs'], probeAfterMs, 'maxProbeAfterMs', maxProbeAfterMs);
  }

  route(name: string, { pools, timeouts, retries }: RouteOptions): void {
    const path = ['routes', name];
    const providers = [...this.providers.keys()];
    for (const [poolIndex, pool] of pools.entries()) {
      for (const [index, { provider }] of pool.entries()) {
        if (this.providers.has(provider)) continue;
        const names = providers.slice(0, 10).map(quoted).join(', ');
        this.#problem(
          [...path, 'pools', poolIndex, index, 'provider'],
          `must be one of the providers (${names === '' ? 'none is configured' : names}), is ${quoted(provider)}${meant(provider, providers)}`,
        );
      }
      if (pool.every((entry) => this.#isIdle(entry))) {
        this.#problem([...path, 'pools', poolIndex], 'must have an entry and a key with a weight above 0, has none');
      }
    }
    this.#atMost([...path, 'retries', 'backoffMs'], retries.backoffMs, 'maxBackoffMs', retries.maxBackoffMs);
    // A short totalMs cuts the default waits by itself; only a longer wait that was asked for contradicts it.
    for (const wait of ['connectMs', 'firstTokenMs', 'answerMs', 'idleMs'] as const) {
      const waitPath = [...path, 'timeouts', wait];
      if (valueAt(this.#raw, waitPath) === undefined) continue;
      this.#atMost(waitPath, timeouts[wait], 'totalMs', timeouts.totalMs);
    }
  }

  limits(): void {
    const limits = limitOptions.safeParse(valueAt(this.#raw, ['limits']) ?? {}).data;
    if (limits === undefined) return;
    for (const [name, route] of this.routes) {
      if (route === undefined || route.timeouts.totalMs <= limits.drainMs) continue;
      this.#warning(
        ['routes', name, 'timeouts', 'totalMs'],
        `is ${route.timeouts.totalMs}, longer than limits.drainMs (${limits.drainMs}): a rollout may cut streams of this route`,
      );
    }
  }

  /** Whether nothing of a pool's entry may be picked: its weight is 0, or that of every key of its provider. */
  #isIdle(entry: RouteOptions['pools'][number][number]): boolean {
    if (entry.weight === 0) return true;
    const keys = this.providers.get(entry.provider)?.keys;
    return keys !== undefined && keys.every(({ weight }) => weight === 0);
  }

  #names(keys: readonly { readonly name: string }[], at: (index: number) => Path): void {
    const firsts = new Map<string, number>();
    for (const [index, { name }] of keys.entries()) {
      const first = firsts.get(name);
      if (first === undefined) firsts.set(name, index);
      else
        this.#problem([...at(index), 'name'], `must differ from every other, is the same as ${pathText(at(first))}'s`);
    }
  }

  #atMost(path: Path, value: number, boundName: string, bound: number): void {
    if (value > bound) this.#problem(path, `must be at most ${boundName} (${bound}), is ${value}`);
  }

  #problem(path: Path, problem: string): void {
    this.problems.push({ path, problem });
  }

  #warning(path: Path, problem: string): void {
    this.warnings.push({ path, problem });
  }
}

/** Index of each repeated secret, and of the one it repeats. Stand-ins for unreadable secrets are empty and pass. */
function duplicateSecrets(keys: readonly { readonly secret: Secret }[]): [number, number][] {
  const firsts = new Map<string, number>();
  const repeats: [number, number][] = [];
  for (const [index, { secret }] of keys.entries()) {
    if (secret.reveal() === '') continue;
    const hash = createHash('sha256').update(secret.reveal()).digest('base64');
    const first = firsts.get(hash);
    if (first === undefined) firsts.set(hash, index);
    else repeats.push([index, first]);
  }
  return repeats;
}

function meant(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  return nearest === undefined ? '' : `; did you mean ${quoted(nearest)}?`;
}

function entriesAt(raw: unknown, section: string): [string, unknown][] {
  const value = valueAt(raw, [section]);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
