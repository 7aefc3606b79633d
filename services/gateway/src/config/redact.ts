/** The running config as `/admin/config` and a person may see it. */
import type { ClusterOptions } from '@leeward/cluster';
import { REDACTED, type Secret } from '@leeward/kernel';
import { addressText } from './address.ts';
import type { Settings } from './settings.ts';

/**
 * Plain JSON values in the shape of the file. Secrets are `[redacted]`; hashes of client keys and the fingerprint are
 * left out, because either would let a guess at a weak secret be checked.
 */
export function printable(settings: Settings): Record<string, unknown> {
  const { listen, auth, admin, providers, routes, limits, telemetry, cluster } = settings;
  const shown = {
    listen: {
      data: addressText(listen.data),
      admin: addressText(listen.admin),
      ...(listen.dataTls === undefined ? {} : { dataTls: hidden({ ...listen.dataTls }) }),
      ...(listen.adminTls === undefined ? {} : { adminTls: hidden({ ...listen.adminTls }) }),
    },
    auth: auth.kind === 'none' ? 'none' : { clientKeys: auth.keys.map(({ name }) => ({ name, secret: REDACTED })) },
    admin: admin.tokenSha256 === undefined ? {} : { token: REDACTED },
    providers: mapValues(providers, (provider) => ({
      ...provider,
      keys: provider.keys.map((key) => ({ ...key, secret: REDACTED })),
    })),
    routes,
    limits,
    telemetry:
      telemetry.otlp === undefined
        ? telemetry
        : { ...telemetry, otlp: { ...telemetry.otlp, headers: mapValues(telemetry.otlp.headers, () => REDACTED) } },
    ...(cluster === undefined ? {} : { cluster: printableCluster(cluster) }),
  };
  // A copy by value: whoever prints it cannot reach the running settings.
  return structuredClone(shown);
}

function printableCluster({ name, nats }: ClusterOptions): object {
  const { credentials, password, nkeySeed, tls } = nats;
  return {
    name,
    nats: {
      ...nats,
      servers: nats.servers.map(({ hostname, port, tls: isTls }) => `${isTls ? 'tls' : 'nats'}://${hostname}:${port}`),
      ...hidden({ credentials, password, nkeySeed }),
      ...(tls === undefined ? {} : { tls: hidden({ ...tls }) }),
    },
  };
}

/** Those that are there. */
function hidden(secrets: Readonly<Record<string, Secret | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.keys(secrets).flatMap((name) => (secrets[name] ? [[name, REDACTED]] : [])));
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
