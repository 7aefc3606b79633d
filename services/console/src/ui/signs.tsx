/** Small signs that several sections use. A mood is told by colour, by shape and in words. */
import type { ComponentChildren } from 'preact';
import { type Mood, stateWords } from '../words/states.ts';

const SHAPES: Readonly<Record<Mood, string>> = { good: '●', warn: '▲', bad: '■', idle: '○' };

export function Dot({ mood }: { readonly mood: Mood }): ComponentChildren {
  return (
    <span class={`dot ${mood}`} aria-hidden="true">
      {SHAPES[mood]}
    </span>
  );
}

export function Pill({
  mood,
  children,
}: {
  readonly mood: Mood;
  readonly children: ComponentChildren;
}): ComponentChildren {
  return (
    <span class={`pill ${mood}`}>
      <Dot mood={mood} /> {children}
    </span>
  );
}

export function StatePill({ state }: { readonly state: string }): ComponentChildren {
  const { label, mood } = stateWords(state);
  return <Pill mood={mood}>{label}</Pill>;
}

interface BarProps {
  /** From 0 to 1. */
  readonly share: number;
  readonly mood: Mood;
}

/** Drawn only; what it shows stands beside it in words. */
export function Bar({ share, mood }: BarProps): ComponentChildren {
  const width = `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;
  return (
    <span class={`bar ${mood}`} aria-hidden="true">
      <span style={{ width }} />
    </span>
  );
}

export function headroomMood(headroom: number): Mood {
  if (headroom >= 0.5) return 'good';
  return headroom >= 0.2 ? 'warn' : 'bad';
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Section({ id, title, note, tools, children }: SectionProps): ComponentChildren {
  return (
    <section id={id} class="panel" aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        {tools !== undefined && <div class="tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
