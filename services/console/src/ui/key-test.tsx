/** Asks the vendor whether a key is good: what it may use, what is left of its quota, how fast it answers. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { KeyReport } from '../live/view.ts';
import { duration } from '../words/format.ts';
import type { Mood } from '../words/states.ts';
import type { OperatorState } from './operator.tsx';
import { Pill } from './signs.tsx';

interface KeyTestProps {
  readonly provider: string;
  readonly name: string;
  readonly operator: OperatorState;
}

const MOODS: Readonly<Record<KeyReport['state'], Mood>> = {
  valid: 'good',
  rejected: 'bad',
  unreachable: 'bad',
  unclear: 'warn',
};

export function KeyTest({ provider, name, operator }: KeyTestProps): ComponentChildren {
  const [isRunning, setRunning] = useState(false);
  const [report, setReport] = useState<KeyReport | undefined>(undefined);
  const run = async (): Promise<void> => {
    setRunning(true);
    setReport(await operator.act('', (actions) => actions.testKey(provider, name)));
    setRunning(false);
  };
  return (
    <>
      <button type="button" disabled={isRunning} onClick={() => void run()}>
        {isRunning ? 'Testing …' : 'Test key'}
        <span class="unseen">
          {' '}
          {provider}/{name}
        </span>
      </button>
      <span class="report" role="status">
        {report !== undefined && <Report report={report} />}
      </span>
    </>
  );
}

function Report({ report }: { readonly report: KeyReport }): ComponentChildren {
  const { state, reason, models, latency } = report;
  const quota = quotaWords(report.quota);
  return (
    <>
      <Pill mood={MOODS[state]}>{reason === undefined ? state : `${state}: ${reason}`}</Pill>{' '}
      {models.count > 0 && <span>{models.count} models</span>}
      {latency?.p50Ms !== undefined && (
        <span>
          {latency.model} in {duration(latency.p50Ms)} (p95 {duration(latency.p95Ms)})
        </span>
      )}
      {quota !== '' && <span>{quota} left</span>}
    </>
  );
}

/** `x-ratelimit-remaining-req-minute` beside its limit becomes `req-minute 719 of 720`. */
function quotaWords(quota: KeyReport['quota']): string {
  return Object.entries(quota)
    .flatMap(([name, limit]) => {
      const rung = /^x-ratelimit-limit-(.+)$/.exec(name)?.[1];
      return rung === undefined ? [] : [`${rung} ${quota[`x-ratelimit-remaining-${rung}`] ?? '?'} of ${limit}`];
    })
    .join(', ');
}
