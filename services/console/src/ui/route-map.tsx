/**
 * Routes, their pools in the order in which they are tried, and the pools' targets. What is not drawn anew is what did
 * not change: a tile is given words and numbers alone, so that it can tell.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { TrafficSeries } from '../live/traffic-series.ts';
import type { RouteView, TargetView, View } from '../live/view.ts';
import { percent, rate } from '../words/format.ts';
import { stateWords, whyNot } from '../words/states.ts';
import { paced } from './paced.ts';
import { Section } from './signs.tsx';
import { TargetTile } from './target-tile.tsx';

interface MapProps {
  readonly view: View;
  readonly series: TrafficSeries;
  readonly step: number;
  readonly onOpen: (target: string) => void;
}

interface Shown extends MapProps {
  readonly targets: ReadonlyMap<string, TargetView>;
  readonly isWanted: (target: TargetView) => boolean;
}

export function RouteMap(props: MapProps): ComponentChildren {
  const { view } = props;
  const [text, setText] = useState('');
  const [ailingOnly, setAilingOnly] = useState(false);
  const wanted = text.trim().toLowerCase();
  const isWanted = (target: TargetView): boolean =>
    (wanted === '' || `${target.id} ${target.quotaGroup} ${stateWords(target.state).label}`.includes(wanted)) &&
    (!ailingOnly || target.state !== 'available');
  const shown: Shown = {
    ...props,
    isWanted,
    targets: new Map(view.targets.map((target) => [target.id, target])),
  };
  const tools = (
    <>
      <input
        type="search"
        placeholder="key, model, state"
        aria-label="Show targets with"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <label class="check">
        <input type="checkbox" checked={ailingOnly} onChange={(event) => setAilingOnly(event.currentTarget.checked)} />
        only ailing
      </label>
    </>
  );
  return (
    <Section id="map" title="Routes, pools, targets" tools={tools}>
      <div class="routes">
        {view.routes.map((route) => (
          <PacedRoute key={`${route.name} ${route.model ?? ''}`} route={route} shown={shown} />
        ))}
      </div>
      {view.routes.length === 0 && <p class="dim">No model has been asked for yet.</p>}
    </Section>
  );
}

function Route({ route, shown }: { readonly route: RouteView; readonly shown: Shown }): ComponentChildren {
  const { view, series, step } = shown;
  const requests = series.routes.rate(route.name, step);
  const failures = series.failures.rate(route.name, step);
  const pools = route.pools.map((pool) => {
    const targets = pool.flatMap(({ id, weight, load }) => {
      const target = shown.targets.get(id);
      return target === undefined ? [] : [{ target, weight, load }];
    });
    return { targets, shown: targets.filter(({ target }) => shown.isWanted(target)) };
  });
  if (pools.every((pool) => pool.shown.length === 0)) return null;
  const failedShare = requests === 0 ? 0 : failures / requests;
  return (
    <article class="route">
      <h3>
        <span class="mono">{route.name}</span>
        {route.model !== undefined && <span class="mono dim"> {route.model}</span>}
        <span class="figures">
          {route.name in view.tallies && (
            <span>
              {rate(requests)} req/s{route.model !== undefined && ` in all of ${route.name}`}
            </span>
          )}
          {failures > 0 && <span class="bad">{percent(failedShare)} failed</span>}
          <span class="dim">{route.picker}</span>
        </span>
      </h3>
      <ol class="pools">
        {pools.map((pool, index) => (
          <Pool key={index} index={index} pool={pool.shown} all={pool.targets} shown={shown} />
        ))}
      </ol>
    </article>
  );
}

interface Placed {
  readonly target: TargetView;
  readonly weight: number;
  readonly load: number;
}

const PacedRoute = paced(Route);

interface PoolProps {
  readonly index: number;
  readonly pool: readonly Placed[];
  readonly all: readonly Placed[];
  readonly shown: Shown;
}

function Pool({ index, pool, all, shown }: PoolProps): ComponentChildren {
  const { series, step, onOpen } = shown;
  const rates = new Map(all.map(({ target: { id } }) => [id, series.targets.rate(id, step)]));
  const sum = [...rates.values()].reduce((before, one) => before + one, 0);
  const available = all.filter(({ target }) => target.state === 'available').length;
  const models = new Set(all.map(({ target }) => target.model));
  const [model] = models;
  return (
    <li class="pool">
      <h4>
        Pool {index + 1}
        {models.size === 1 && <span class="mono"> {model}</span>}
        <span class={available === 0 ? 'bad' : 'dim'}>
          {': '}
          {available} of {all.length} available
        </span>
      </h4>
      <div class="tiles">
        {pool.map(({ target, weight, load }) => (
          <TargetTile
            key={target.id}
            id={target.id}
            name={target.key}
            where={models.size === 1 ? target.provider : `${target.provider} · ${target.model}`}
            state={target.state}
            why={whyNot(target)}
            inFlight={target.inFlight}
            perSecond={rate(rates.get(target.id) ?? 0)}
            share={sum === 0 ? 0 : Math.round(((rates.get(target.id) ?? 0) / sum) * 100)}
            firstTokenMs={target.firstTokenMs}
            load={load}
            headroom={Math.round(target.headroom * 100)}
            weight={weight}
            onOpen={onOpen}
          />
        ))}
      </div>
    </li>
  );
}
