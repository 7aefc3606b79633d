/** Everything about one target, live, and what can be done about it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ShownDecision } from '../live/decision-list.ts';
import type { TargetView } from '../live/view.ts';
import { clockTime, count, dollars, duration, percent } from '../words/format.ts';
import { breakerWords, outcomeMood, plain, whyNot } from '../words/states.ts';
import { KeyTest } from './key-test.tsx';
import type { OperatorState } from './operator.tsx';
import { Dot, StatePill } from './signs.tsx';

interface DialogProps {
  readonly id: string;
  /** Undefined when a reload took it away. */
  readonly target: TargetView | undefined;
  readonly decisions: readonly ShownDecision[];
  readonly operator: OperatorState;
  readonly onClose: () => void;
}

const SHOWN_ATTEMPTS = 8;

export function TargetDialog({ id, target, decisions, operator, onClose }: DialogProps): ComponentChildren {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="target-title" onClose={onClose}>
      <header>
        <h2 id="target-title" class="mono">
          {id}
        </h2>
        <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      {target === undefined ? (
        <p>The config has no such target any more.</p>
      ) : (
        <Target target={target} decisions={decisions} operator={operator} />
      )}
    </dialog>
  );
}

type TargetProps = Pick<DialogProps, 'decisions' | 'operator'> & { readonly target: TargetView };

function Target({ target, decisions, operator }: TargetProps): ComponentChildren {
  const { quota, tally } = target;
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    ['Breaker', breakerWords(target.breaker)],
    ...(target.quarantine === undefined ? [] : [['Key', breakerWords(target.quarantine)] as const]),
    ...(target.capacity === undefined ? [] : [['Capacity', breakerWords(target.capacity)] as const]),
    ['Weight', target.weight],
    ['In flight', target.inFlight],
    ['First token', `${duration(target.firstTokenMs)}, then ${duration(target.tokenMs)} a token`],
    ['Faults of late', percent(target.faultShare)],
    ['Headroom', `${percent(target.headroom)} of quota group ${target.quotaGroup}`],
    ['Requests left', left(quota.requestsRemaining, quota.requestsPerMinute)],
    ['Tokens left', left(quota.tokensRemaining, quota.tokensPerMinute)],
    ['Since start', `${count(tally.attempts)} attempts, ${count(tally.failed)} failed, ${dollars(tally.costUsd)}`],
    ['Last outcome', plain(target.lastOutcome) || 'none yet'],
  ];
  return (
    <>
      <p>
        <StatePill state={target.state} /> {whyNot(target)}
        {target.ailingWorkers !== undefined && ` (in ${target.ailingWorkers} of the workers)`}
      </p>
      <div class="buttons start">
        <DrainTarget target={target} operator={operator} />
        <KeyTest provider={target.provider} name={target.key} operator={operator} />
      </div>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <LastAttempts id={target.id} decisions={decisions} />
    </>
  );
}

function DrainTarget({ target: { id, state }, operator }: Omit<TargetProps, 'decisions'>): ComponentChildren {
  const drain = state !== 'draining';
  const done = drain ? `${id} gets no new requests from this node.` : `${id} is asked again.`;
  return (
    <button
      type="button"
      class={drain ? '' : 'primary'}
      onClick={() => void operator.act(done, (actions) => actions.drainTarget(id, drain))}
    >
      {drain ? 'Drain target' : 'Bring target back'}
    </button>
  );
}

function LastAttempts({ id, decisions }: { readonly id: string } & Pick<DialogProps, 'decisions'>): ComponentChildren {
  const attempts = decisions.flatMap(({ key, atMs, attempts }) =>
    attempts
      .filter(({ target }) => target === id)
      .map((attempt, index) => ({ key: `${key} ${index}`, attempt, atMs: atMs })),
  );
  if (attempts.length === 0) return null;
  return (
    <>
      <h3>Last attempts</h3>
      <ul class="plain-list">
        {attempts.slice(0, SHOWN_ATTEMPTS).map(({ key, attempt, atMs }) => (
          <li key={key}>
            <Dot mood={outcomeMood(attempt.outcome)} /> {clockTime(atMs)} {plain(attempt.reason ?? attempt.outcome)}{' '}
            after {duration(attempt.tookMs)}
          </li>
        ))}
      </ul>
    </>
  );
}

function left(remaining: number | undefined, limit: number | undefined): string {
  return limit === undefined || remaining === undefined
    ? 'no limit known'
    : `${count(remaining)} of ${count(limit)} a minute`;
}
