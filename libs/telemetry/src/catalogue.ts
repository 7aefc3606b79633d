/**
 * Every metric that Leeward shows, in one place: grep a name here and you find what it means, how it is labelled and
 * why its buckets stand where they stand. docs/metrics.md is written from this file, and a test compares the two.
 *
 * The property of an entry is its name without `leeward_`, in camel case; that is also its property on Metrics.
 *
 * Labels come from closed sets only (labels.ts says which): a set that a client could widen would let any caller grow the
 * process until the kernel kills it. What is not in its set is reported as `other`.
 */
import type { LabelName } from './labels.ts';

export const PREFIX = 'leeward_';

/** Counters and histograms grow by events; a gauge is set; a mirror is a gauge read from the state at each scrape. */
export type MetricType = 'counter' | 'gauge' | 'mirror' | 'histogram';

export interface MetricEntry {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly LabelName[];
  /** Upper bounds in seconds, and the sentence that says why these. */
  readonly buckets?: { readonly bounds: readonly number[]; readonly why: string };
  /** Whether an observation may carry a trace id, shown as an exemplar in OpenMetrics. */
  readonly exemplars?: true;
  /** How the values of a node's workers become the node's, when not by adding them up. */
  readonly over?: 'max' | 'min';
}

const TARGET = ['provider', 'key', 'model'] as const;
const QUOTA = ['provider', 'quota_group', 'model', 'unit'] as const;

/** Seconds until a model says its first word, for the route as a whole and for one attempt alike. */
const FIRST_TOKEN_BUCKETS = {
  bounds: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60],
  why:
    'Mistral’s models answer first between 0.2 and 2 s, so half of the bounds stand there; 20 s is the default of ' +
    'timeouts.firstTokenMs, and what lies above it has waited through a failover.',
} as const;

export const catalogue = {
  requestsTotal: {
    name: 'leeward_requests_total',
    type: 'counter',
    help: 'Requests answered, by what the client was sent.',
    labels: ['route', 'surface', 'dialect', 'status'],
  },
  requestDurationSeconds: {
    name: 'leeward_request_duration_seconds',
    type: 'histogram',
    help: 'From the first byte of a request to the last byte of its answer, streams included.',
    labels: ['route', 'surface'],
    buckets: {
      bounds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300],
      why:
        'An embedding takes a tenth of a second and a long stream minutes, so three or four bounds to each tenfold, ' +
        'up to 300 s, the default of timeouts.totalMs.',
    },
    exemplars: true,
  },
  timeToFirstTokenSeconds: {
    name: 'leeward_time_to_first_token_seconds',
    type: 'histogram',
    help: 'From the first byte of a streamed request to the first content sent to its client, failovers included.',
    labels: ['route'],
    buckets: FIRST_TOKEN_BUCKETS,
    exemplars: true,
  },
  chunkGapSeconds: {
    name: 'leeward_chunk_gap_seconds',
    type: 'histogram',
    help: 'The longest silence between two writes of one stream: a stall that its reader saw.',
    labels: ['route'],
    buckets: {
      bounds: [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
      why:
        'A healthy stream says 20 to 200 chunks a second, so the bounds are dense from 5 to 200 ms; a reader notices a ' +
        'pause from half a second, and 30 s is the default of timeouts.idleMs.',
    },
  },
  overheadSeconds: {
    name: 'leeward_overhead_seconds',
    type: 'histogram',
    help: 'Leeward’s own part of the time to the answer’s first byte: reading, choosing, translating.',
    labels: ['surface'],
    buckets: {
      bounds: [0.000_05, 0.000_1, 0.000_2, 0.000_3, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
      why:
        'The own cost of a small request is 0.1 to 0.2 ms, so the bounds begin at 50 µs and are dense below 1 ms; what ' +
        'lies above 10 ms is a full event loop, not work.',
    },
  },
  attemptsTotal: {
    name: 'leeward_attempts_total',
    type: 'counter',
    help: 'Attempts at a target, by how each one ended.',
    labels: [...TARGET, 'outcome', 'reason'],
  },
  attemptFirstTokenSeconds: {
    name: 'leeward_attempt_first_token_seconds',
    type: 'histogram',
    help: 'From the sending of one streamed attempt to its first content: how fast a provider is, without failovers.',
    labels: ['provider', 'model'],
    buckets: FIRST_TOKEN_BUCKETS,
  },
  failoversTotal: {
    name: 'leeward_failovers_total',
    type: 'counter',
    help:
      'Requests that moved on to a later pool of their route, by what ended the attempt before, or `unavailable` when ' +
      'nobody of the pools before could be asked.',
    labels: ['route', 'reason'],
  },
  streamRecoveriesTotal: {
    name: 'leeward_stream_recoveries_total',
    type: 'counter',
    help: 'Streams that broke after their first content, by whether another target could carry them on.',
    labels: ['route', 'result'],
  },
  brokenAnswersTotal: {
    name: 'leeward_broken_answers_total',
    type: 'counter',
    help:
      'Answers that broke off after their first content and that nobody could carry on. Their status was sent before ' +
      'and reads 200, so that leeward_requests_total does not tell them from good ones.',
    labels: ['route'],
  },
  retriesTotal: {
    name: 'leeward_retries_total',
    type: 'counter',
    help: 'Attempts beyond a request’s first, by what ended the attempt before.',
    labels: ['reason'],
  },
  retryBudgetBalance: {
    name: 'leeward_retry_budget_balance',
    type: 'mirror',
    help: 'Retries that this node may still make now. At 0 a failing upstream is no longer retried.',
    labels: [],
  },
  retriesDeniedTotal: {
    name: 'leeward_retries_denied_total',
    type: 'counter',
    help: 'Requests that could have been tried once more and were not, because the retry budget was spent.',
    labels: [],
  },
  hedgesTotal: {
    name: 'leeward_hedges_total',
    type: 'counter',
    help:
      'Second attempts made because a first token was late: `won` when the client got theirs, `lost` when the first ' +
      'attempt was sooner after all or the client left, `failed` when they failed by themselves.',
    labels: ['route', 'result'],
  },
  panicAttemptsTotal: {
    name: 'leeward_panic_attempts_total',
    type: 'counter',
    help: 'Attempts at a target whose health spoke against it, because nobody was available.',
    labels: ['route', 'outcome'],
  },
  targetState: {
    name: 'leeward_target_state',
    type: 'mirror',
    help: 'Always 1; `state` says whether a target may be asked now, and if not, why.',
    labels: ['provider', 'key', 'quota_group', 'model', 'state'],
    over: 'max',
  },
  breakerState: {
    name: 'leeward_breaker_state',
    type: 'mirror',
    help: 'A target’s breaker: 0 closed, 1 half-open, 2 open.',
    labels: TARGET,
    over: 'max',
  },
  breakerTripsTotal: {
    name: 'leeward_breaker_trips_total',
    type: 'counter',
    help: 'Times that a target’s breaker opened, by why.',
    labels: [...TARGET, 'reason'],
  },
  targetLoad: {
    name: 'leeward_target_load',
    type: 'mirror',
    help: 'The load by which the adaptive picker compares targets: the lower, the sooner picked.',
    labels: TARGET,
    over: 'max',
  },
  targetFirstTokenSeconds: {
    name: 'leeward_target_first_token_seconds',
    type: 'mirror',
    help: 'A target’s first-token time as learned, for a prompt of a thousand tokens; absent until there is one.',
    labels: TARGET,
    over: 'max',
  },
  targetTokenSeconds: {
    name: 'leeward_target_token_seconds',
    type: 'mirror',
    help: 'A target’s time per token after the first, as learned; absent until there is one.',
    labels: TARGET,
    over: 'max',
  },
  targetSlowStartWindow: {
    name: 'leeward_target_slow_start_window',
    type: 'mirror',
    help: 'Requests at once that a target which has just recovered is given; absent for all others.',
    labels: TARGET,
  },
  targetInFlight: {
    name: 'leeward_target_in_flight',
    type: 'mirror',
    help: 'Attempts now under way at a target, from this node.',
    labels: TARGET,
  },
  quotaLimit: {
    name: 'leeward_quota_limit',
    type: 'mirror',
    help: 'What the vendor allows a quota group for a model in one window, as configured or learned.',
    labels: QUOTA,
    over: 'max',
  },
  quotaRemaining: {
    name: 'leeward_quota_remaining',
    type: 'mirror',
    help: 'What this node believes to be left of that limit in the current window.',
    labels: QUOTA,
    over: 'min',
  },
  quotaHeadroom: {
    name: 'leeward_quota_headroom',
    type: 'mirror',
    help: 'How freely a quota group may be used for a model: 1 while there is plenty, 0 when nothing is left.',
    labels: ['provider', 'quota_group', 'model'],
    over: 'min',
  },
  inFlightRequests: {
    name: 'leeward_in_flight_requests',
    type: 'mirror',
    help: 'Requests of clients now under way.',
    labels: [],
  },
  clientDisconnectsTotal: {
    name: 'leeward_client_disconnects_total',
    type: 'counter',
    help: 'Clients that left before their answer ended.',
    labels: ['surface'],
  },
  rejectedRequestsTotal: {
    name: 'leeward_rejected_requests_total',
    type: 'counter',
    help: 'Requests that Leeward itself answered with an error, by its code.',
    labels: ['code'],
  },
  tokensTotal: {
    name: 'leeward_tokens_total',
    type: 'counter',
    help: 'Tokens used, as upstreams report them. `cached` is part of `prompt`, `reasoning` part of `completion`.',
    labels: ['model', 'kind'],
  },
  costUsdTotal: {
    name: 'leeward_cost_usd_total',
    type: 'counter',
    help: 'What those tokens cost at list price, in US dollars, for the models whose price is known.',
    labels: ['model'],
  },
  configReloadsTotal: {
    name: 'leeward_config_reloads_total',
    type: 'counter',
    help: 'Changes of the config file or its secrets, by whether they could be taken over.',
    labels: ['result'],
  },
  configLastReloadSuccess: {
    name: 'leeward_config_last_reload_success',
    type: 'gauge',
    help: '1 when the config that runs is the one on disk, 0 when the last change was refused.',
    labels: [],
    over: 'min',
  },
  spansDroppedTotal: {
    name: 'leeward_spans_dropped_total',
    type: 'counter',
    help: 'Spans lost because the collector was slow, away or refused them.',
    labels: [],
  },
  logLinesDroppedTotal: {
    name: 'leeward_log_lines_dropped_total',
    type: 'counter',
    help: 'Log lines lost because whoever reads standard output did not keep up.',
    labels: [],
  },
  metricSeriesOverflowTotal: {
    name: 'leeward_metric_series_overflow_total',
    type: 'counter',
    help: 'Times that a metric was at its bound of series, so that a new label set was counted as `other`.',
    labels: ['metric'],
  },
  workers: {
    name: 'leeward_workers',
    type: 'gauge',
    help: 'Worker processes of this node that answered this scrape; always 1 for a node of one process.',
    labels: [],
  },
  workerRestartsTotal: {
    name: 'leeward_worker_restarts_total',
    type: 'counter',
    help: 'Worker processes that ended without being told to, and were started anew.',
    labels: [],
  },
  workerMessagesDroppedTotal: {
    name: 'leeward_worker_messages_dropped_total',
    type: 'counter',
    help: 'What the cluster’s peers say to each other, dropped on this node because a worker did not read.',
    labels: [],
  },
  clusterBusConnected: {
    name: 'leeward_cluster_bus_connected',
    type: 'mirror',
    help: '1 while this node reaches the cluster’s bus, 0 while it goes on alone; absent without a cluster.',
    labels: [],
    over: 'min',
  },
  clusterPeers: {
    name: 'leeward_cluster_peers',
    type: 'mirror',
    help: 'Other peers of whom this node has heard lately.',
    labels: [],
    over: 'max',
  },
  clusterDigestAgeSeconds: {
    name: 'leeward_cluster_digest_age_seconds',
    type: 'mirror',
    help: 'How long ago the quietest of the live peers was heard: what is known of others is at most so old.',
    labels: [],
    over: 'max',
  },
  clusterHealth: {
    name: 'leeward_cluster_health',
    type: 'mirror',
    help: 'How much this process distrusts its own observations: 0 well, 8 ill. Others weigh its word by it.',
    labels: [],
    over: 'max',
  },
  clusterBytesTotal: {
    name: 'leeward_cluster_bytes_total',
    type: 'counter',
    help: 'Bytes of messages that went through the cluster’s bus.',
    labels: ['direction'],
  },
  clusterMessagesTotal: {
    name: 'leeward_cluster_messages_total',
    type: 'counter',
    help: 'Messages from peers, by what became of them. A refused one was dropped as a whole.',
    labels: ['receipt'],
  },
  clusterMessagesDroppedTotal: {
    name: 'leeward_cluster_messages_dropped_total',
    type: 'counter',
    help: 'Messages to peers that were not sent.',
    labels: ['drop'],
  },
  clusterConvergenceSeconds: {
    name: 'leeward_cluster_convergence_seconds',
    type: 'histogram',
    help: 'From the bus’s being there, or there again, until every peer on it had been heard in full.',
    labels: [],
    buckets: {
      bounds: [0.1, 0.25, 0.5, 1, 2, 5, 10],
      why: 'Digests come four times a second in a small cluster, so half a second is usual and two seconds are a promise.',
    },
  },
  clusterHoldsTotal: {
    name: 'leeward_cluster_holds_total',
    type: 'counter',
    help: 'Times that a target was left alone because other nodes said so, and not by experience of this one’s own.',
    labels: ['hold'],
  },
  clusterQuotaShare: {
    name: 'leeward_cluster_quota_share',
    type: 'mirror',
    help: 'What this node may use of a quota group’s limit in the current window, all nodes’ use considered.',
    labels: QUOTA,
  },
  clusterRetriesPerSecond: {
    name: 'leeward_cluster_retries_per_second',
    type: 'mirror',
    help: 'This node’s share of the retries that the whole cluster may make.',
    labels: [],
  },
  buildInfo: {
    name: 'leeward_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
    over: 'max',
  },
} as const satisfies Record<string, MetricEntry>;

export type Catalogue = typeof catalogue;
export type MetricKey = keyof Catalogue;
