/**
 * What a vendor will have counted of an ended attempt, as far as can be told: requests that it took in, tokens of the
 * answers that it made. Where nobody says, the estimate that was reserved counts, because a quota believed to be emptier
 * than it is costs clients an attempt.
 */
import type { Usage } from '@leeward/wire';
import type { TargetLease } from '../lease.ts';
import type { FaultReason, Outcome } from '../outcome.ts';
import type { Quota } from './quota.ts';
import type { QuotaLedger } from './quota-ledger.ts';

export function account(quota: Quota, lease: TargetLease, outcome: Outcome, usage: Usage | undefined): void {
  const { ledger } = quota;
  switch (outcome.kind) {
    case 'ok':
      quota.granted();
      ledger.settle(lease.reserved, usage);
      return;
    case 'cancelled':
      // It was received, and perhaps worked on until the vendor noticed.
      ledger.settle(lease.reserved, usage);
      return;
    case 'caller-fault':
      ledger.release(lease.reserved);
      return;
    case 'fault':
      accountFault(ledger, lease, outcome.reason, usage);
      return;
    case 'quota':
    case 'capacity':
    case 'credentials':
    case 'model-gone':
      ledger.refund(lease.reserved, lease.startedAtMs);
      return;
  }
}

function accountFault(ledger: QuotaLedger, lease: TargetLease, reason: FaultReason, usage: Usage | undefined): void {
  switch (reason) {
    case 'refused':
    case 'connect-timeout':
      ledger.refund(lease.reserved, lease.startedAtMs);
      return;
    case 'reset':
    case 'status-5xx':
    case 'not-json':
    case 'empty':
      if (lease.begunAtMs === undefined) ledger.release(lease.reserved);
      else ledger.settle(lease.reserved, usage);
      return;
    // Somebody worked on it, and nobody told for how long.
    case 'first-token-timeout':
    case 'answer-timeout':
    case 'idle-timeout':
    case 'deadline':
    case 'truncated':
    case 'error-frame':
    case 'diverged':
    case 'oversized':
      ledger.settle(lease.reserved, usage);
      return;
  }
}
