/** Whether an error that a client saw was worse than it had to be. */
import type { ExchangeEnd, ExchangeReport } from '@leeward/failover';
import type { Clock } from '@leeward/kernel';
import type { ErrorFlaw } from '../exchange-record.ts';
import type { Call } from '../traffic.ts';

/** Nobody waits longer to see whether a retry-after was true. */
const MAX_RETRY_AFTER_MS = 600_000;
/** A timer may fire a moment after the deadline that it is for. */
const DEADLINE_SLACK_MS = 1;

interface Circumstances {
  readonly clock: Clock;
  readonly call: Call;
  readonly report: Pick<ExchangeReport, 'startedAtMs' | 'endedAtMs'>;
  /** Whether somebody would take a request now. */
  readonly accepts: () => boolean;
}

/** Waits, where the error said when to come back, to see whether somebody would take the request then. */
export async function flawOf(
  end: ExchangeEnd,
  { clock, call, report, accepts }: Circumstances,
): Promise<ErrorFlaw | ''> {
  if (report.endedAtMs - report.startedAtMs > call.deadlineMs + DEADLINE_SLACK_MS) return 'late';
  const retryAfterMs = 'error' in end ? end.error.retryAfterMs : undefined;
  if (retryAfterMs === undefined) return 'untold';
  // As the header tells it, in whole milliseconds. No client leaves, and the wait is bounded.
  await clock.sleep(Math.min(MAX_RETRY_AFTER_MS, Math.ceil(retryAfterMs)), new AbortController().signal);
  return accepts() ? '' : 'untrue';
}
