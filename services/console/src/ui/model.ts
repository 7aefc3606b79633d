/** What the page knows, as one value that changes once a second; and how what arrives changes it. */
import type { Connection } from '../live/live-feed.ts';
import { type ShownDecision, withNew } from '../live/decision-list.ts';
import { stepAt, TrafficSeries } from '../live/traffic-series.ts';
import type { Decision, History, View } from '../live/view.ts';

export interface Model {
  readonly view: View | undefined;
  readonly connection: Connection;
  readonly decisions: readonly ShownDecision[];
  /** Since the page was opened: those too many to be shown. */
  readonly untold: number;
  /** Changes in place; `step` says how far it goes. */
  readonly series: TrafficSeries;
  readonly step: number;
}

export type Arrival =
  | { readonly kind: 'view'; readonly view: View; readonly nowMs: number }
  | {
      readonly kind: 'past';
      readonly history: History;
      readonly decisions: readonly Decision[];
      readonly nowMs: number;
    }
  | { readonly kind: 'connection'; readonly connection: Connection };

export function emptyModel(): Model {
  return { view: undefined, connection: 'connecting', decisions: [], untold: 0, series: new TrafficSeries(), step: 0 };
}

export function arrive(model: Model, arrival: Arrival): Model {
  switch (arrival.kind) {
    case 'connection':
      return model.connection === arrival.connection ? model : { ...model, connection: arrival.connection };
    case 'past':
      model.series.recall(arrival.history, arrival.nowMs);
      return {
        ...model,
        decisions: withNew(model.decisions, arrival.decisions, arrival.nowMs),
        step: stepAt(arrival.nowMs),
      };
    case 'view':
      model.series.follow(arrival.view, arrival.nowMs);
      return {
        ...model,
        view: arrival.view,
        connection: 'live',
        decisions: withNew(model.decisions, arrival.view.decisions, arrival.nowMs),
        untold: model.untold + arrival.view.untold,
        step: stepAt(arrival.nowMs),
      };
  }
}
