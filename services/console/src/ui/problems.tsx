/** What is wrong, the worst first. */
import type { ComponentChildren } from 'preact';
import type { Problem } from '../live/problems.ts';
import { Dot, Section } from './signs.tsx';

interface ProblemsProps {
  readonly problems: readonly Problem[];
  readonly onOpen: (target: string) => void;
}

/** More than a screen of them is one incident, not many. */
const MAX_SHOWN = 12;

export function Problems({ problems, onOpen }: ProblemsProps): ComponentChildren {
  const note = problems.length === 0 ? undefined : problems.length;
  return (
    <Section id="problems" title="What is wrong" note={note}>
      {problems.length === 0 ? (
        <p class="all-well">
          <Dot mood="good" /> Nothing. Every target may be asked.
        </p>
      ) : (
        <ul class="problems" tabIndex={0} aria-label="Problems, the worst first">
          {problems.slice(0, MAX_SHOWN).map((problem) => (
            <li key={problem.key} class={problem.mood}>
              <Dot mood={problem.mood} />
              <div>
                <strong>{problem.title}</strong>
                <span class="detail">{problem.detail}</span>
              </div>
              {problem.target !== undefined && <Open target={problem.target} onOpen={onOpen} />}
            </li>
          ))}
        </ul>
      )}
      {problems.length > MAX_SHOWN && <p class="dim">and {problems.length - MAX_SHOWN} more</p>}
    </Section>
  );
}

function Open({ target, onOpen }: { readonly target: string } & Pick<ProblemsProps, 'onOpen'>): ComponentChildren {
  return (
    <button type="button" class="quiet" aria-label={`Open ${target}`} onClick={() => onOpen(target)}>
      Open
    </button>
  );
}
