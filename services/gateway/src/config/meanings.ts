/**
 * What each key of the config means, in one sentence: the source of the table in docs/config.md and of the
 * descriptions that editors show from the JSON Schema. A test fails when a key has no sentence here.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  listen: 'Where this node listens, as host:port; port 0 takes a free one, and the log says which.',
  'listen.data': 'The data port, for clients. Beyond loopback it needs auth.',
  'listen.admin':
    'The admin port: health, metrics, /admin and the console. Reading needs no auth; for changing see admin.',
  'listen.dataTls': 'A certificate for the data port. Without it the port speaks plain HTTP, as behind an ingress.',
  'listen.dataTls.cert': 'In PEM, with the certificates in between. Read again when the file changes.',
  'listen.dataTls.key': 'The private key of that certificate.',
  'listen.adminTls': 'A certificate for the admin port.',
  'listen.adminTls.cert': 'In PEM, with the certificates in between. Read again when the file changes.',
  'listen.adminTls.key': 'The private key of that certificate.',
  'listen.adminTls.clientCa':
    'Certificates (PEM) that must have signed a client’s. With it, only /healthz/ answers without one.',
  auth: 'Who may use the data port: the word none, or client keys. Required when listen.data is not loopback.',
  'auth.clientKeys': 'The keys that clients send as authorization: Bearer or x-api-key. Never forwarded upstream.',
  'auth.clientKeys[].name': 'The name in logs and decisions. Unique.',
  'auth.clientKeys[].secret': 'Where the key is: env:NAME or file:PATH. Unique.',
  admin: 'Who may change the state of this node by hand: drain it or a target, test a key.',
  'admin.token':
    'Where the token is that such calls send as authorization: Bearer; env:NAME or file:PATH. Without it they are taken from loopback only.',
  providers: 'The vendor accounts, by a name of your choice, which also pins them: provider/model.',
  'providers.<name>.dialect':
    'What the provider speaks; requests and answers are translated when the client speaks another.',
  'providers.<name>.baseUrl': 'Scheme, host, optional port and path. A trailing /v1 may be written and is not needed.',
  'providers.<name>.quotaGroups':
    'What the vendor counts limits on (for Mistral a workspace), by a name of your choice. Only for limits that you want to state rather than have learned.',
  'providers.<name>.quotaGroups.<name>.limits':
    'By the upstream’s model name. A limit that is not stated is learned from response headers.',
  'providers.<name>.quotaGroups.<name>.limits.<name>.requestsPerMinute':
    'Requests per minute of the whole group for this model; 0 means the plan does not allow it.',
  'providers.<name>.quotaGroups.<name>.limits.<name>.tokensPerMinute':
    'Tokens per minute of the whole group for this model, prompt and answer together.',
  'providers.<name>.keys': 'The keys of this provider. Each key and model is a target.',
  'providers.<name>.keys[].name': 'The name in headers, logs and metrics (x-leeward-key). Unique within the provider.',
  'providers.<name>.keys[].secret': 'Where the key is: env:NAME or file:PATH, relative to the config file.',
  'providers.<name>.keys[].quotaGroup':
    'The group this key counts in. Keys of one workspace share one. Without it the key is taken to have its own.',
  'providers.<name>.keys[].weight': 'The share of this key among its siblings; 0 takes it out of rotation.',
  'providers.<name>.keys[].maxInFlight':
    'Requests at once per key and model. Vendors accept far more; it only stops a runaway.',
  'providers.<name>.breaker': 'When a target of this provider is taken out, and when it is tried again.',
  'providers.<name>.breaker.consecutiveFaults': 'Faults in a row that trip the breaker.',
  'providers.<name>.breaker.minSuccessRate': 'The share of successes in the window below which it trips.',
  'providers.<name>.breaker.windowMs': 'The window of that share.',
  'providers.<name>.breaker.minSamples': 'Attempts in the window below which the share says nothing.',
  'providers.<name>.breaker.probeAfterMs': 'The wait before the first probe; at most maxProbeAfterMs.',
  'providers.<name>.breaker.maxProbeAfterMs': 'Each failed probe doubles the wait up to this.',
  'providers.<name>.connections':
    'Sockets to this provider at the most; each carries one request, so this bounds streams too.',
  routes: 'By the model name that clients ask for; * takes any other. A name may have no slash.',
  'routes.<name>.pools':
    'Tried in order, when the one before has no target left to try. The targets within a pool are balanced.',
  'routes.<name>.pools[][].provider': 'The name of a provider. Every key of it becomes a target of this pool.',
  'routes.<name>.pools[][].model': 'The provider’s name for the model. Without it: the name that the client asked for.',
  'routes.<name>.pools[][].weight': 'The share of this entry within its pool; 0 takes it out of rotation.',
  'routes.<name>.timeouts':
    'How long a request of this route may wait for each thing. A wait that you state is at most totalMs.',
  'routes.<name>.timeouts.connectMs': 'Until the request is on a connected socket.',
  'routes.<name>.timeouts.firstTokenMs': 'Until the first content of a streamed answer.',
  'routes.<name>.timeouts.answerMs': 'Until the head of a whole (not streamed) answer.',
  'routes.<name>.timeouts.idleMs': 'Between two pieces of an answer once it has begun.',
  'routes.<name>.timeouts.totalMs':
    'The whole exchange, every attempt and stream. A caller may ask for less (x-leeward-deadline-ms).',
  'routes.<name>.retries': 'How often, and after which wait, a failed attempt is followed by another.',
  'routes.<name>.retries.attemptsPerPool': 'Attempts in one pass over a pool before the next pool is asked.',
  'routes.<name>.retries.maxAttempts': 'Attempts in the whole exchange.',
  'routes.<name>.retries.backoffMs':
    'The longest jittered wait before all pools are tried once more; doubles with each pass; at most maxBackoffMs.',
  'routes.<name>.retries.maxBackoffMs': 'The doubling ends here.',
  'routes.<name>.picker':
    'What chooses within a pool: adaptive compares up to three by learned first-token time, requests in flight, recent faults and quota left, and prefers a warm prompt cache; least-in-flight goes by requests in flight alone; weighted-random by weights alone.',
  'routes.<name>.hedge':
    'Asks a second target when the first token of a stream is late, and lets the first to answer win. Without it there is none, because it costs tokens twice.',
  'routes.<name>.hedge.maxShare': 'Hedges at the most, as a share of the route’s streamed requests; 0 makes none.',
  'routes.<name>.hedge.quantile':
    'Of the route’s first-token times: this share of the requests is never hedged, the slowest rest may be.',
  'routes.<name>.recovery':
    'What happens to a stream that breaks after its first content: resume continues it on another target, error ends it with an error frame.',
  limits: 'What this node accepts from clients and holds in memory.',
  'limits.bodyBytes': 'The largest request body; a larger one is answered 413.',
  'limits.headerBytes': 'The largest request head; a larger one is answered 431.',
  'limits.headersMs': 'In which a request’s headers must have come; a slower one is answered 408.',
  'limits.requestMs':
    'In which the body of chat, FIM or embeddings must have come, once it is read; a slower one is answered 408. What is passed through has an hour.',
  'limits.connections': 'Client connections, idle ones included; further ones are closed.',
  'limits.inFlight': 'Requests at once; a further one is answered 503 with retry-after.',
  'limits.answerBytes': 'The largest whole answer taken from an upstream.',
  'limits.keepAliveMs': 'How long an idle client connection stays open. Longer than your load balancer’s idle timeout.',
  'limits.drainMs':
    'How long a stopping node waits for streams to end. Longer than the longest totalMs, and shorter than the grace period of your orchestrator.',
  cluster: 'Other nodes to share health, latency and quota with. Without it this node is alone.',
  'cluster.name': 'Nodes of the same name are one cluster: two of them on the same NATS servers want two names.',
  'cluster.nats': 'Where NATS is, and how this node logs in there: one way at most.',
  'cluster.nats.servers': 'nats://HOST[:PORT] or tls://HOST[:PORT] each; any of them will do.',
  'cluster.nats.credentials': 'The contents of a .creds file.',
  'cluster.nats.user': 'With password.',
  'cluster.nats.password': 'With user.',
  'cluster.nats.nkeySeed': 'The seed of a user’s key pair, SU....',
  'cluster.nats.tls': 'Present, even empty: TLS or nothing. Without it: TLS where a server offers it.',
  'cluster.nats.tls.ca':
    'Certificates (PEM) that may have signed the servers’. Without it: those that the system trusts.',
  'cluster.nats.tls.cert': 'Shown to servers that ask for a client’s certificate; with key.',
  'cluster.nats.tls.key': 'With cert.',
  telemetry: 'Logs and traces. Metrics are always on, at /metrics.',
  'telemetry.otlp': 'Where traces go, by OTLP over HTTP. Without it no traces are sent.',
  'telemetry.otlp.endpoint': 'The collector’s base URL; /v1/traces is added.',
  'telemetry.otlp.headers':
    'Headers for the collector, by name. A value may be env:NAME or file:PATH; all are redacted when printed.',
  'telemetry.traceSampling':
    'The share of requests that are traced when the caller has not decided (traceparent). Errors, failovers and slow ones are traced in any case, up to twenty a second.',
  'telemetry.traceSlowMs': 'What counts as slow: time to the first token of a stream, or to the end of a whole answer.',
  'telemetry.logLevel': 'The least severe lines that are written.',
  'telemetry.accessLog': 'One line per request.',
  'telemetry.serviceName': 'The service.name of traces and logs.',
};

export function meaningOf(path: string): string | undefined {
  return Object.hasOwn(MEANINGS, path) ? MEANINGS[path] : undefined;
}

export const meaningPaths: readonly string[] = Object.keys(MEANINGS);
