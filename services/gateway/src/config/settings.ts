/** A config that has been read, resolved and checked: deep-frozen, and ready for use without another look. */
import type { ClusterOptions } from '@leeward/cluster';
import type { RouteOptions } from '@leeward/failover';
import { Secret } from '@leeward/kernel';
import type { TelemetryOptions } from '@leeward/telemetry';
import type { ProviderOptions } from '@leeward/upstream';
import type { z } from 'zod';
import type { Address } from './address.ts';
import type { limitOptions } from './schema.ts';
import type { TlsIdentity } from './tls.ts';

export interface Settings {
  readonly listen: {
    readonly data: Address;
    readonly admin: Address;
    /** Undefined for plain HTTP. */
    readonly dataTls?: TlsIdentity | undefined;
    readonly adminTls?: TlsIdentity | undefined;
  };
  readonly auth: Auth;
  readonly admin: Admin;
  readonly providers: Readonly<Record<string, ProviderOptions>>;
  /** By the model name that clients ask for; `*` takes any other. */
  readonly routes: Readonly<Record<string, RouteOptions>>;
  readonly limits: Limits;
  readonly telemetry: Readonly<TelemetryOptions>;
  /** Undefined for a node that is alone. */
  readonly cluster?: ClusterOptions | undefined;
  /** Of the file and of the secrets it points to: two settings with the same one were read from the same bytes. */
  readonly fingerprint: string;
}

export type Limits = Readonly<z.output<typeof limitOptions>>;

export type Auth =
  | { readonly kind: 'none' }
  /** Hashed only: what the process no longer holds cannot leak, and hashes compare in one step. */
  | { readonly kind: 'client-keys'; readonly keys: readonly ClientKey[] };

export interface Admin {
  /** Of the token that state-changing calls of the admin port need; undefined where only loopback may make them. */
  readonly tokenSha256: Buffer | undefined;
}

export interface ClientKey {
  readonly name: string;
  readonly sha256: Buffer;
}

export function deepFreeze<T>(value: T): T {
  freezeInside(value);
  return value;
}

function freezeInside(value: unknown): void {
  // Bytes cannot be frozen; secrets keep their value in a private field that nothing can reach.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  if (value instanceof Secret) return;
  for (const inner of Object.values(value)) freezeInside(inner);
}
