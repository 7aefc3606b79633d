/** The page: one connection, one model, and its sections in the order in which an incident asks for them. */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useMemo, useReducer, useState } from 'preact/hooks';
import type { Actions } from '../live/actions.ts';
import type { LiveFeed } from '../live/live-feed.ts';
import { problemsOf } from '../live/problems.ts';
import { Cluster } from './cluster.tsx';
import { Decisions } from './decisions.tsx';
import { Header } from './header.tsx';
import { Keys } from './keys.tsx';
import { arrive, emptyModel } from './model.ts';
import { Operator, useOperator } from './operator.tsx';
import { paced } from './paced.ts';
import { Problems } from './problems.tsx';
import { QuotaAndCost } from './quota-and-cost.tsx';
import { RouteMap } from './route-map.tsx';
import { TargetDialog } from './target-dialog.tsx';
import { TrafficChart } from './traffic-chart.tsx';
import { Vitals } from './vitals.tsx';

const PacedChart = paced(TrafficChart);
const PacedProblems = paced(Problems);
const PacedDecisions = paced(Decisions);
const PacedCluster = paced(Cluster);
const PacedQuotas = paced(QuotaAndCost);
const PacedKeys = paced(Keys);

interface AppProps {
  readonly feed: LiveFeed;
  readonly actions: Actions;
}

const SECTIONS = [
  ['map', 'Map'],
  ['traffic', 'Traffic'],
  ['decisions', 'Decisions'],
  ['cluster', 'Cluster'],
  ['quota', 'Quota and cost'],
  ['keys', 'Keys'],
] as const;

export function App({ feed, actions }: AppProps): ComponentChildren {
  const [model, told] = useReducer(arrive, undefined, emptyModel);
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const operator = useOperator(actions);
  useEffect(
    () =>
      feed.start({
        view: (view) => told({ kind: 'view', view, nowMs: Date.now() }),
        past: (history, decisions) => told({ kind: 'past', history, decisions, nowMs: Date.now() }),
        connection: (connection) => told({ kind: 'connection', connection }),
      }),
    [feed],
  );
  const { view, series, step, decisions } = model;
  const problems = useMemo(() => (view === undefined ? [] : problemsOf(view)), [view]);
  const close = useCallback(() => setOpened(undefined), []);
  useTitle(view?.about.node, problems.filter(({ mood }) => mood === 'bad').length);

  return (
    <>
      <a class="skip" href="#main">
        Skip to what is wrong
      </a>
      <Header view={view} connection={model.connection} operator={operator} />
      <nav class="sections" aria-label="Sections">
        {SECTIONS.map(([id, name]) => (
          <a key={id} href={`#${id}`}>
            {name}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        {view === undefined ? (
          <p class="waiting" role="status">
            {model.connection === 'lost' ? 'The gateway does not answer. Trying again …' : 'Waiting for the gateway …'}
          </p>
        ) : (
          <>
            <Vitals view={view} series={series} step={step} decisions={decisions} />
            <div class="columns wide-second">
              <PacedProblems problems={problems} onOpen={setOpened} />
              <PacedChart view={view} series={series} step={step} />
            </div>
            <RouteMap view={view} series={series} step={step} onOpen={setOpened} />
            <PacedDecisions decisions={decisions} untold={model.untold} />
            <PacedCluster view={view} />
            <PacedQuotas targets={view.targets} />
            <PacedKeys targets={view.targets} operator={operator} />
          </>
        )}
      </main>
      {view !== undefined && opened !== undefined && (
        <TargetDialog
          target={view.targets.find(({ id }) => id === opened)}
          id={opened}
          decisions={decisions}
          operator={operator}
          onClose={close}
        />
      )}
      <Operator operator={operator} />
    </>
  );
}

/** A tab in the background still says that something is wrong. */
function useTitle(node: string | undefined, bad: number): void {
  useEffect(() => {
    const name = node === undefined ? 'Leeward' : `${node} · Leeward`;
    document.title = bad === 0 ? name : `(${bad}) ${name}`;
  }, [node, bad]);
}
