/** Every key once, with how its targets are, and a test at the vendor's. */
import type { ComponentChildren } from 'preact';
import type { TargetView } from '../live/view.ts';
import { count } from '../words/format.ts';
import { stateWords } from '../words/states.ts';
import { KeyTest } from './key-test.tsx';
import type { OperatorState } from './operator.tsx';
import { Pill, Section } from './signs.tsx';

interface KeysProps {
  readonly targets: readonly TargetView[];
  readonly operator: OperatorState;
}

export function Keys({ targets, operator }: KeysProps): ComponentChildren {
  const keys = Map.groupBy(targets, ({ provider, key }) => `${provider}/${key}`);
  return (
    <Section id="keys" title="Keys" note="A test makes one call for the list of models and three of a few tokens.">
      <ul class="keys">
        {[...keys].map(([id, its]) => (
          <Key key={id} id={id} targets={its} operator={operator} />
        ))}
      </ul>
    </Section>
  );
}

function Key({ id, targets, operator }: KeysProps & { readonly id: string }): ComponentChildren {
  const [first] = targets;
  if (first === undefined) return null;
  const ailing =
    targets.find(({ state }) => state === 'key-quarantined') ?? targets.find(({ state }) => state !== 'available');
  const attempts = targets.reduce((sum, { tally }) => sum + tally.attempts, 0);
  const { label, mood } = stateWords(ailing?.state ?? 'available');
  const available = targets.filter(({ state }) => state === 'available').length;
  return (
    <li>
      <span class="mono key-name">{id}</span>
      <Pill mood={mood}>{ailing === undefined ? label : `${label} · ${available} of ${targets.length} available`}</Pill>
      <span class="dim">
        group {first.quotaGroup}, {count(attempts)} attempts
      </span>
      <span class="key-test">
        <KeyTest provider={first.provider} name={first.key} operator={operator} />
      </span>
    </li>
  );
}
