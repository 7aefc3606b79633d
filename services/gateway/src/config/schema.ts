/**
 * The whole config file. Each section's options stand beside the code they configure; this file composes them and
 * adds what is the gateway's own: listening, client keys, limits. Unknown keys are errors everywhere. What no single
 * section can know (a pool that names a provider) is checked in cross-checks.ts.
 */
import { clusterOptions } from '@leeward/cluster';
import { routeOptions } from '@leeward/failover';
import { Secret } from '@leeward/kernel';
import { telemetryOptions } from '@leeward/telemetry';
import { providerOptions } from '@leeward/upstream';
import { z } from 'zod';
import { readAddress } from './address.ts';
import { adminTlsOptions, dataTlsOptions } from './tls.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

const address = z.string().transform((text, context) => {
  const read = readAddress(text);
  if (read.kind === 'ok') return read.address;
  context.addIssue({ code: 'custom', message: read.problem });
  return z.NEVER;
});

export const listenOptions = z.strictObject({
  /** Loopback unless told otherwise: a gateway that holds keys must not be open to a network by accident. */
  data: address.prefault('127.0.0.1:8080'),
  /** Health, metrics and the console have no auth of their own; opening them is the operator's decision. */
  admin: address.prefault('127.0.0.1:9090'),
  /** Absent: plain HTTP, as behind an ingress or a mesh that ends TLS. */
  dataTls: dataTlsOptions.optional(),
  adminTls: adminTlsOptions.optional(),
});

const NAME_RULE = 'letters, digits, dot, dash, underscore; at most 63';
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, NAME_RULE);

const clientKey = z.strictObject({
  name,
  secret: z.instanceof(Secret),
});

export const authOptions = z.union(
  [
    z.literal('none'),
    z.strictObject({
      /** A key per client service; ten thousand is beyond any fleet seen, and is looked up in one step all the same. */
      clientKeys: z.array(clientKey).min(1).max(10_000),
    }),
  ],
  { error: 'must be none, or a mapping with clientKeys' },
);

/** Shorter ones are guessed: sixteen characters of base64 are 96 bits. */
const MIN_TOKEN_CHARS = 16;

function isLong(token: Secret): boolean {
  const { length } = token.reveal();
  return length === 0 || length >= MIN_TOKEN_CHARS;
}

const adminOptions = z.strictObject({
  token: z
    .instanceof(Secret)
    // An empty one is a reference that leads nowhere, which is told elsewhere.
    .refine(isLong, `must have at least ${MIN_TOKEN_CHARS} characters`)
    .optional(),
});

export const limitOptions = z.strictObject({
  /** 32 MiB: several images or a long document in base64, and no more memory per request than a node can spare. */
  bodyBytes: z
    .int()
    .min(KiB)
    .max(1024 * MiB)
    .default(32 * MiB),
  /** Node's own default; real clients send about 1 KiB. */
  headerBytes: z
    .int()
    .min(KiB)
    .max(MiB)
    .default(16 * KiB),
  /** Headers come in one packet or two; ten seconds tell a slow network from a slow-loris. */
  headersMs: z.int().min(100).max(600_000).default(10_000),
  /** The body alone: 32 MiB in a minute is 4.5 Mbit/s, slower than any link between services. */
  requestMs: z.int().min(100).max(3_600_000).default(60_000),
  /** Sockets of clients, idle ones included; above the system's usual bound on files nothing would be gained. */
  connections: z.int().min(1).max(1_000_000).default(20_000),
  /** Requests at once; the next one is answered 503 at once rather than queued. About 100 KiB each when streaming. */
  inFlight: z.int().min(1).max(1_000_000).default(10_000),
  /** A whole answer is held until it is known to be whole; the largest batch of embeddings stays under 64 MiB. */
  answerBytes: z
    .int()
    .min(64 * KiB)
    .max(1024 * MiB)
    .default(64 * MiB),
  /** Longer than the 60 s of common load balancers, so that they close idle connections first and race nobody. */
  keepAliveMs: z.int().min(1000).max(3_600_000).default(75_000),
  /** Longer than the longest stream (timeouts.totalMs, 300 s), so that a rollout cuts none. */
  drainMs: z.int().min(0).max(3_600_000).default(310_000),
});

/** Pinning reads a model name up to its first slash as a provider; control characters would end up in headers. */
const routeName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^/]*$/, 'without a slash, which is kept for pinning a provider (provider/model)')
  .regex(/^[\x21-\x7e]*$/, 'visible ASCII characters without spaces');

export const settingsSchema = z.strictObject({
  listen: listenOptions.prefault({}),
  auth: authOptions.optional(),
  admin: adminOptions.prefault({}),
  providers: z
    .record(name, providerOptions)
    .refine((all) => Object.keys(all).length > 0, 'must have at least one provider, has none'),
  routes: z
    .record(routeName, routeOptions)
    .refine((all) => Object.keys(all).length > 0, 'must have at least one route, has none'),
  limits: limitOptions.prefault({}),
  telemetry: telemetryOptions.prefault({}),
  /** Other nodes to share with. Absent: this node is alone. */
  cluster: clusterOptions.optional(),
});
