/**
 * The names of span attributes. OpenTelemetry's own GenAI constants are deprecated in the package and live in a
 * repository without a release, so the names are kept here, as their conventions spell them.
 *
 * The list is closed on purpose: a span takes no attribute that is not in it, and none of these can hold a prompt or
 * a completion.
 */
export const ATTRIBUTE = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  requestStream: 'gen_ai.request.stream',
  firstChunkSeconds: 'gen_ai.response.time_to_first_chunk',
  method: 'http.request.method',
  httpRoute: 'http.route',
  status: 'http.response.status_code',
  urlScheme: 'url.scheme',
  urlPath: 'url.path',
  urlFull: 'url.full',
  requestId: 'leeward.request.id',
  route: 'leeward.route',
  surface: 'leeward.surface',
  dialect: 'leeward.dialect',
  stream: 'leeward.stream',
  clientKey: 'leeward.client_key',
  picker: 'leeward.picker',
  affinity: 'leeward.affinity',
  attempts: 'leeward.attempts',
  poolIndex: 'leeward.pool.index',
  attemptNumber: 'leeward.attempt.number',
  targetProvider: 'leeward.target.provider',
  targetKey: 'leeward.target.key',
  targetModel: 'leeward.target.model',
  targetLoad: 'leeward.target.load',
  quotaGroup: 'leeward.target.quota_group',
  pickReason: 'leeward.pick.reason',
  /** Why the exchange was traced. */
  traceReason: 'leeward.trace.reason',
  pickCandidates: 'leeward.pick.candidates',
  outcome: 'leeward.outcome',
  outcomeReason: 'leeward.outcome.reason',
  /** Of the register, also where a span is not failed: a 4xx is the caller's. */
  errorCode: 'leeward.error.code',
  firstTokenMs: 'leeward.first_token_ms',
  retryAfterMs: 'leeward.retry_after_ms',
  recovery: 'leeward.recovery',
} as const;

export type AttributeName = (typeof ATTRIBUTE)[keyof typeof ATTRIBUTE];

/** `undefined` is left out, so that a caller can pass what it has. */
export type SpanAttributes = {
  readonly [Name in AttributeName]?: string | number | boolean | readonly string[] | undefined;
};
