/** Which node this is, how it is, and whether what is shown is live. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Connection } from '../live/live-feed.ts';
import type { View } from '../live/view.ts';
import type { Mood } from '../words/states.ts';
import type { OperatorState } from './operator.tsx';
import { Pill } from './signs.tsx';

interface HeaderProps {
  readonly view: View | undefined;
  readonly connection: Connection;
  readonly operator: OperatorState;
}

const CONNECTIONS: Readonly<Record<Connection, readonly [Mood, string]>> = {
  connecting: ['idle', 'connecting'],
  live: ['good', 'live'],
  lost: ['bad', 'not live'],
};

export function Header({ view, connection, operator }: HeaderProps): ComponentChildren {
  const [mood, words] = CONNECTIONS[connection];
  return (
    <header class="top">
      <h1>
        <Sail />
        Leeward
      </h1>
      {view !== undefined && (
        <span class="node" title={`version ${view.about.version}`}>
          {view.about.node}
          {view.about.workers > 1 && <span class="dim"> · {view.about.workers} workers</span>}
        </span>
      )}
      <span class="pills" role="status">
        {view !== undefined && <NodePill view={view} />}
        <Pill mood={mood}>{words}</Pill>
      </span>
      <span class="top-tools">
        <ThemeButton />
        {view !== undefined && <DrainButton view={view} operator={operator} />}
      </span>
    </header>
  );
}

/** As in sail.svg, which the browser shows in its tab. */
function Sail(): ComponentChildren {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5fa5" />
      <path d="M17 5v17H7C11.5 18 15.5 12.5 17 5Z" fill="#fff" />
      <path d="M19 10c3.5 4 5 8 5.5 12H19Z" fill="#9fd0f5" />
      <path d="M6 24.5h20c-1.5 2-3 2.5-5 2.5H11c-2 0-3.5-.5-5-2.5Z" fill="#fff" />
    </svg>
  );
}

function NodePill({ view: { status, degraded } }: { readonly view: View }): ComponentChildren {
  if (status === 'ready')
    return <Pill mood={degraded.length === 0 ? 'good' : 'warn'}>{degraded.length === 0 ? 'ready' : 'degraded'}</Pill>;
  return <Pill mood="warn">{status}</Pill>;
}

function DrainButton({ view, operator }: { readonly view: View; readonly operator: OperatorState }): ComponentChildren {
  const { node } = view.about;
  const drain = async (): Promise<void> => {
    const text =
      'Readiness turns to 503, so load balancers send nothing new here. What runs ends by itself. You can take it back.';
    if (!(await operator.confirm(`Drain ${node}?`, text, 'Drain the node'))) return;
    await operator.act(`${node} drains.`, (actions) => actions.drainNode(true));
  };
  if (view.status === 'draining') {
    const undrain = () => operator.act(`${node} takes requests again.`, (actions) => actions.drainNode(false));
    return (
      <button type="button" onClick={() => void undrain()}>
        Bring node back
      </button>
    );
  }
  return (
    <button type="button" onClick={() => void drain()}>
      Drain node
    </button>
  );
}

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEPT_AS = 'leeward-theme';

function ThemeButton(): ComponentChildren {
  const [theme, setTheme] = useState<Theme>(readTheme);
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(KEPT_AS, theme);
    // The chart draws with colours that it has read.
    window.dispatchEvent(new Event('themechange'));
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
  return (
    <button type="button" class="quiet" onClick={() => setTheme(next)} title={`Colours: ${theme}. Change to ${next}.`}>
      <span aria-hidden="true">◐</span> {theme}
      <span class="unseen"> colours; change to {next}</span>
    </button>
  );
}

function readTheme(): Theme {
  const kept = localStorage.getItem(KEPT_AS);
  return THEMES.find((theme) => theme === kept) ?? 'auto';
}
