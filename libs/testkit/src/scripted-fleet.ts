/** Providers with scripted upstreams, for tests of what happens above them. */
import { type Clock, type Rng, Secret } from '@leeward/kernel';
import { Fleet, type ProviderOptions, providerOptions, type TripReason } from '@leeward/upstream';
import { type Script, type ScriptedCall, ScriptedTransport } from './scripted-transport.ts';

export interface ScriptedProvider {
  readonly dialect?: 'mistral' | 'openai';
  /** Key names, which are their secrets too; a quota group after a colon: `a:workspace-1`. */
  readonly keys: readonly string[];
  readonly breaker?: Partial<ProviderOptions['breaker']>;
  readonly maxInFlight?: number;
  readonly script: (call: ScriptedCall, number: number) => Script;
}

export interface ScriptedFleet {
  readonly fleet: Fleet;
  readonly transports: ReadonlyMap<string, ScriptedTransport>;
  /** Every call to every provider, in order. */
  readonly calls: readonly ScriptedCall[];
  readonly trips: readonly { readonly target: string; readonly reason: TripReason }[];
  readonly rejectedKeys: readonly string[];
}

export function scriptedProviderOptions(provider: Omit<ScriptedProvider, 'script'>, name = 'mistral'): ProviderOptions {
  return providerOptions.parse({
    dialect: provider.dialect ?? 'mistral',
    baseUrl: `https://${name}.test`,
    breaker: provider.breaker ?? {},
    keys: provider.keys.map((key) => {
      const [keyName = key, quotaGroup] = key.split(':');
      return {
        name: keyName,
        secret: new Secret(keyName),
        ...(quotaGroup === undefined ? {} : { quotaGroup }),
        ...(provider.maxInFlight === undefined ? {} : { maxInFlight: provider.maxInFlight }),
      };
    }),
  });
}

export function scriptedFleet(
  deps: { readonly clock: Clock; readonly rng: Rng },
  providers: Readonly<Record<string, ScriptedProvider>>,
): ScriptedFleet {
  const calls: ScriptedCall[] = [];
  const trips: { target: string; reason: TripReason }[] = [];
  const rejectedKeys: string[] = [];
  const transports = new Map<string, ScriptedTransport>();
  const byOptions = new Map<ProviderOptions, ScriptedTransport>();
  const options: Record<string, ProviderOptions> = {};
  for (const [name, provider] of Object.entries(providers)) {
    const transport = new ScriptedTransport(deps.clock, (call, number) => {
      calls.push(call);
      return provider.script(call, number);
    });
    const parsed = scriptedProviderOptions(provider, name);
    options[name] = parsed;
    byOptions.set(parsed, transport);
    transports.set(name, transport);
  }
  const fleet = new Fleet(
    {
      ...deps,
      openTransport: (opened) => byOptions.get(opened) ?? new ScriptedTransport(deps.clock, () => []),
      onTrip: (target, reason) => trips.push({ target: target.id, reason }),
      onKeyRejected: (provider, key) => rejectedKeys.push(`${provider}/${key}`),
    },
    options,
  );
  return { fleet, transports, calls, trips, rejectedKeys };
}
