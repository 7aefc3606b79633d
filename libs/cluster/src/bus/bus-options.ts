/**
 * The `cluster` section of the config file: which NATS servers carry what this cluster's peers tell each other, and
 * how a peer shows them who it is. Secrets, certificates included, are referred to (`file:`, `env:`) and arrive here
 * read; a server's address holds none of them, because addresses are printed and logged.
 */
import { Secret } from '@leeward/kernel';
import { z } from 'zod';

/** Decorated as `nsc` writes it: the user's token between marks, then the seed of its key between marks. */
const CREDENTIALS =
  /-{3,}BEGIN NATS USER JWT-{3,}\s+[\w.-]+\s+-{3,}END NATS USER JWT-{3,}[\s\S]*-{3,}BEGIN USER NKEY SEED-{3,}\s+SU[A-Z2-7]{56}\s+-{3,}END USER NKEY SEED-{3,}/;
const NKEY_SEED = /^SU[A-Z2-7]{56}$/;
/** With whatever stands around it: bundles of authorities say in lines between whose each is. */
const PEM = /^-----BEGIN [A-Z0-9 ]+-----\r?\n[\s\S]+?\n-----END [A-Z0-9 ]+-----$/m;

/** What a secret leads to is looked at and never shown. */
function secretLike(shape: RegExp, what: string) {
  return z.instanceof(Secret).refine((secret) => shape.test(secret.reveal()), `must lead to ${what}, does not`);
}

const DEFAULT_PORT = 4222;

/** `nats://` or `tls://`, a host and perhaps a port; the scheme alone says whether TLS is demanded of this server. */
const server = z.string().max(300).transform(readServer);

export interface ServerAddress {
  readonly hostname: string;
  readonly port: number;
  /** Refuse to speak to it in the clear. */
  readonly tls: boolean;
}

function readServer(text: string, context: z.RefinementCtx): ServerAddress {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const match = /^(?<scheme>nats|tls):\/\/(?<authority>[^/?#]+)\/?$/.exec(text);
  const authority = match?.groups?.['authority'];
  if (authority === undefined) return refuse('must be nats://HOST[:PORT] or tls://HOST[:PORT]');
  // The text itself is not repeated: it holds a password.
  if (authority.includes('@'))
    return refuse('must not hold a user or a password; user and password have keys of their own');
  // A scheme that URL knows lets it check the host as it would for a web address.
  const url = URL.parse(`http://${authority}`);
  if (url === null) return refuse('must name a host, and a port from 1 to 65535 if any');
  const port = /:\d+$/.test(authority) ? Number(url.port === '' ? 80 : url.port) : DEFAULT_PORT;
  if (port === 0) return refuse('must name a host, and a port from 1 to 65535 if any');
  return { hostname: url.hostname.replace(/^\[|\]$/g, ''), port, tls: match?.groups?.['scheme'] === 'tls' };
}

const tlsOptions = z
  .strictObject({
    /** The authorities that may have signed the server's certificate. Absent: those that the system trusts. */
    ca: secretLike(PEM, 'a certificate in PEM').optional(),
    /** Shown to a server that asks for a client's certificate. */
    cert: secretLike(PEM, 'a certificate in PEM').optional(),
    key: secretLike(PEM, 'a private key in PEM').optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), 'must have both cert and key, or neither');

export const natsOptions = z
  .strictObject({
    /** Any of them will do: they are one cluster of NATS. More than 32 say nothing more about where it is. */
    servers: z.array(server).min(1).max(32),
    /** The contents of a `.creds` file. */
    credentials: secretLike(CREDENTIALS, 'a .creds file with a user’s token and its seed').optional(),
    user: z.string().min(1).max(255).optional(),
    password: z.instanceof(Secret).optional(),
    /** The seed of a user's key pair, for servers that know its public half. */
    nkeySeed: secretLike(NKEY_SEED, 'the seed of a user’s key, which begins with SU').optional(),
    /** Present, even empty: TLS is demanded. Absent: it is used when a server offers it. */
    tls: tlsOptions.optional(),
  })
  .refine(
    ({ user, password }) => (user === undefined) === (password === undefined),
    'must have both user and password, or neither',
  )
  .refine(
    ({ credentials, user, nkeySeed }) => [credentials, user, nkeySeed].filter((way) => way !== undefined).length <= 1,
    'must have one way to log in at most: credentials, user and password, or nkeySeed',
  );

export const clusterOptions = z.strictObject({
  nats: natsOptions,
  /**
   * Peers of the same name are one cluster; two clusters on the same servers want two names. It is part of each
   * subject (`leeward.<name>.digest`), so it is made of what a subject's one token may hold.
   */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'letters, digits, dash, underscore; at most 63')
    .default('main'),
});

export type NatsOptions = Readonly<z.output<typeof natsOptions>>;
export type ClusterOptions = Readonly<z.output<typeof clusterOptions>>;
