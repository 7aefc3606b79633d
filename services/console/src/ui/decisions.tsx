/**
 * The last decisions, as they are made: what was asked, who was considered, who was picked, how each attempt ended. It
 * stands still while somebody reads, or it would be pulled away under the pointer.
 */
import type { ComponentChildren } from 'preact';
import { useCallback, useRef, useState } from 'preact/hooks';
import { type DecisionFilter, hasFailed, type Interest, isWanted, type ShownDecision } from '../live/decision-list.ts';
import type { Attempt, Candidate } from '../live/view.ts';
import { clockTime, count, duration } from '../words/format.ts';
import { causeWords, outcomeMood, plain, stateWords } from '../words/states.ts';
import { still } from './memo.ts';
import { Dot, Section } from './signs.tsx';

interface DecisionsProps {
  readonly decisions: readonly ShownDecision[];
  readonly untold: number;
}

const MAX_SHOWN = 50;

const INTERESTS: readonly (readonly [Interest, string])[] = [
  ['all', 'all'],
  ['failed', 'failed'],
  ['retried', 'tried again'],
  ['fallen-back', 'fell back'],
];

export function Decisions({ decisions, untold }: DecisionsProps): ComponentChildren {
  const [filter, setFilter] = useState<DecisionFilter>({ text: '', interest: 'all' });
  const [held, setHeld] = useState<readonly ShownDecision[] | undefined>(undefined);
  const newest = useRef(decisions);
  newest.current = decisions;
  const found = (held ?? decisions).filter((decision) => isWanted(decision, filter));
  const hold = useCallback(() => setHeld((before) => before ?? newest.current), []);
  const tools = (
    <>
      <input
        type="search"
        placeholder="request, target, client, code"
        aria-label="Show decisions with"
        value={filter.text}
        onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value.trim() })}
      />
      <select
        aria-label="Which decisions"
        value={filter.interest}
        onChange={(event) => setFilter({ ...filter, interest: event.currentTarget.value as Interest })}
      >
        {INTERESTS.map(([interest, words]) => (
          <option key={interest} value={interest}>
            {words}
          </option>
        ))}
      </select>
      <button
        type="button"
        aria-pressed={held !== undefined}
        onClick={() => setHeld(held === undefined ? decisions : undefined)}
      >
        {held === undefined ? 'Pause' : 'Go on'}
      </button>
    </>
  );
  return (
    <Section id="decisions" title="Decisions" tools={tools} note={held === undefined ? noteOf(untold) : 'paused'}>
      {found.length === 0 ? (
        <p class="dim">{decisions.length === 0 ? 'No request has ended yet.' : 'None is like this.'}</p>
      ) : (
        <ul class="decisions">
          {found.slice(0, MAX_SHOWN).map((decision) => (
            <Row key={decision.key} decision={decision} onRead={hold} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function noteOf(untold: number): string {
  return untold === 0 ? 'newest first' : `newest first; ${count(untold)} more that went well are not listed`;
}

interface RowProps {
  readonly decision: ShownDecision;
  readonly onRead: () => void;
}

const Row = still((props: RowProps) => <OpenableRow {...props} />);

/** Its explanation is made when somebody wants to read it. */
function OpenableRow({ decision, onRead }: RowProps): ComponentChildren {
  const [isOpen, setOpen] = useState(false);
  const { atMs, route, status, code, stream, durationMs, firstTokenMs, attempts } = decision;
  const toggled = (isNowOpen: boolean): void => {
    setOpen(isNowOpen);
    if (isNowOpen) onRead();
  };
  const mood = hasFailed(decision) ? 'bad' : attempts.length > 1 ? 'warn' : 'good';
  return (
    <li class="decision">
      <details onToggle={(event) => toggled(event.currentTarget.open)}>
        <summary>
          <span class="time">{clockTime(atMs)}</span>
          <span class="status">
            <Dot mood={mood} /> {status} {code}
          </span>
          <span class="mono">{route === '*' ? decision.model : route}</span>
          <span class="took">
            {duration(durationMs)}
            {stream && firstTokenMs !== undefined && <span class="dim"> · first token {duration(firstTokenMs)}</span>}
          </span>
          <span class="steps">
            {attempts.map((attempt, index) => (
              <Step key={index} attempt={attempt} isFirst={index === 0} />
            ))}
            {attempts.length === 0 && <span class="dim">nobody was asked</span>}
          </span>
        </summary>
        {isOpen && <Explanation decision={decision} />}
      </details>
    </li>
  );
}

function Step({ attempt, isFirst }: { readonly attempt: Attempt; readonly isFirst: boolean }): ComponentChildren {
  const { target, outcome, reason, cause } = attempt;
  return (
    <span class={`step ${outcomeMood(outcome)}`}>
      {!isFirst && <span aria-hidden="true">→ </span>}
      <span class="mono">{target}</span>
      {outcome !== 'ok' && ` ${plain(reason ?? outcome)}`}
      {(cause === 'hedge' || cause === 'panic' || cause === 'resume') && ` (${cause})`}
    </span>
  );
}

function Explanation({ decision }: { readonly decision: ShownDecision }): ComponentChildren {
  const { requestId, client, model, surface, stream, picker, affinity, worker, end } = decision;
  return (
    <div class="explanation">
      <p>
        Request <span class="mono">{requestId}</span> of {client}: {stream ? 'streamed' : 'whole'} {surface} of{' '}
        <span class="mono">{model}</span>, picked by {picker}
        {affinity !== 'none' && `, with an affinity from its ${plain(affinity)}`}
        {worker !== undefined && `, in worker ${worker}`}; it was {plain(end)}.
      </p>
      <ol>
        {decision.attempts.map((attempt, index) => (
          <li key={index}>
            <p>
              <Dot mood={outcomeMood(attempt.outcome)} /> <span class="mono">{attempt.target}</span> in pool{' '}
              {attempt.pool + 1}: {causeWords(attempt.cause)}. After {duration(attempt.afterMs)} it was asked;{' '}
              {plain(attempt.reason ?? attempt.outcome)} after {duration(attempt.tookMs)}
              {attempt.status !== undefined && `, status ${attempt.status}`}.
            </p>
            <Candidates attempt={attempt} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function Candidates({ attempt: { candidates, target } }: { readonly attempt: Attempt }): ComponentChildren {
  return (
    <ul class="candidates" aria-label="Candidates">
      {candidates.map((candidate) => (
        <li key={candidate.id} class={candidate.id === target ? 'picked' : ''}>
          <Dot mood={stateWords(candidate.state).mood} /> <span class="mono">{candidate.id}</span>{' '}
          {candidateWords(candidate)}
          {candidate.id === target && <strong> picked</strong>}
        </li>
      ))}
    </ul>
  );
}

function candidateWords({ state, load, freeInMs }: Candidate): string {
  if (state === 'available') return `load ${count(load)}`;
  return `${stateWords(state).label}${freeInMs === undefined ? '' : `, free in ${duration(freeInMs)}`}`;
}
