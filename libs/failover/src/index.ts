export { SLOW_CLIENT_MS } from './attempt.ts';
export type {
  AttemptCause,
  AttemptReport,
  CandidateView,
  Downstream,
  Exchange,
  ExchangeEnd,
  ExchangeReport,
  Reply,
  Served,
} from './exchange.ts';
export { Hedging } from './hedging.ts';
export { type HedgeOptions, type Retries, type RouteOptions, routeOptions, type Timeouts } from './options.ts';
export { RETRY_BUDGET, RetryBudget } from './retry-budget.ts';
export { type RunDeps, runExchange } from './run.ts';
