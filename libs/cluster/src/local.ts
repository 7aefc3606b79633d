/**
 * What a peer's own process has to say and can use: the side of the cluster that knows targets. Plain data both ways, so
 * that neither side knows the other.
 */
import type { Place } from './holding.ts';
import type { OthersUse, QuotaLimits, Share } from './shares/quota-share.ts';
import type { Statement, WaitKey } from './shapes.ts';
import type { TargetSight } from './view.ts';

export interface Local {
  readonly places: () => readonly Place[];
  /** What was seen here, never what was heard. */
  readonly evidence: () => Pick<Statement, 'targets' | 'waits'>;
  /** By `provider/group/model`; those with a limit. */
  readonly quotas: () => ReadonlyMap<string, LocalQuota>;
  /** Since the last call. */
  readonly retries: () => { readonly earned: number; readonly spent: number };
  /** What all others together say, by target id. */
  readonly hear: (sights: ReadonlyMap<string, TargetSight>) => void;
  /** Asks for what may be used of each quota, and what all others have used, by its id. */
  readonly share: (shareOf: (quota: string) => { readonly share: Share; readonly others: OthersUse }) => void;
  readonly shareRetries: (perSecond: number) => void;
  /** Another peer that had put this key aside has found it well. */
  readonly probeSoon: (key: WaitKey) => void;
}

export interface LocalQuota extends QuotaLimits {
  /** In this wall-clock minute. */
  readonly requests: number;
  /** In the last 60 seconds. */
  readonly tokens: number;
  /** Since the last call, granted or not; squares of the sizes, to tell a rush from one large request. */
  readonly asked: { readonly requests: number; readonly tokens: number; readonly tokenSquares: number };
}
