/**
 * The few kinds of panel that the dashboards are made of, so that all of them look and read alike: what a panel shows, in
 * one sentence of description, for whoever opens it at three in the morning.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel as BuiltPanel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { HeatmapColorOptionsBuilder, PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Filled in by the dashboard's own variable. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** Grafana's names; all that are used here. */
type Unit = 's' | 'reqps' | 'percentunit' | 'short' | 'currencyUSD' | 'bytes' | 'Bps' | 'bool_yes_no' | 'none';

interface TableText {
  readonly title: string;
  readonly description: string;
}

interface PanelText extends TableText {
  readonly unit: Unit;
}

export interface Query {
  readonly expr: string;
  /** Grafana's template of labels. */
  readonly legend: string;
  /** Shows the traces of single requests as points: of histograms that carry exemplars. */
  readonly exemplars?: true;
}

/** Width and height in Grafana's grid of 24 columns. */
interface Size {
  readonly w?: number;
  readonly h?: number;
}

export interface Panel {
  build(): BuiltPanel;
}

/** Above the first value it is amber, above the second red; with `falling` below. */
export interface Bounds {
  readonly amber: number;
  readonly red: number;
  readonly falling?: true;
}

interface GraphOptions extends Size {
  readonly stacked?: true;
  readonly max?: number;
}

export function graph(text: PanelText, queries: readonly Query[], options: GraphOptions = {}): Panel {
  const panel = described(new GraphBuilder(), text, { w: 8, h: 8, ...options })
    .min(0)
    .lineWidth(1)
    .fillOpacity(options.stacked === undefined ? 5 : 40)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(queries.map(target));
  if (options.max !== undefined) panel.max(options.max);
  if (options.stacked !== undefined) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  return panel;
}

export function stat(text: PanelText, query: Query, bounds?: Bounds, options: Size = {}): Panel {
  const panel = described(new StatBuilder(), text, { w: 4, h: 4, ...options })
    .graphMode(BigValueGraphMode.Area)
    .colorMode(bounds === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .targets([target(query, 0)]);
  if (bounds !== undefined) panel.thresholds(thresholds(bounds));
  return panel;
}

/** Rows of the labels of one moment. */
export function table(text: TableText, query: Query, options: Size = {}): Panel {
  return described(new TableBuilder(), text, { w: 12, h: 8, ...options })
    .targets([
      new DataqueryBuilder().expr(query.expr).refId('A').instant().format(PromQueryFormat.Table).datasource(DATASOURCE),
    ])
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true, Value: true, __name__: true } } });
}

/** How a distribution moves: of a histogram's buckets, summed by `le`. */
export function heatmap(text: PanelText, query: Query, options: Size = {}): Panel {
  return described(new HeatmapBuilder(), text, { w: 8, h: 8, ...options })
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().scheme('Blues').steps(32))
    .targets([target({ ...query, legend: '{{le}}' }, 0).format(PromQueryFormat.Heatmap)]);
}

/** One bar per series that changes its colour at the bounds. */
export function timeline(text: PanelText, query: Query, bounds: Bounds, options: Size = {}): Panel {
  return described(new TimelineBuilder(), text, { w: 12, h: 8, ...options })
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .thresholds(thresholds(bounds))
    .targets([target(query, 0)]);
}

/** What Grafana's builders of panels have in common, and have no type for. */
interface PanelBuilder {
  title(title: string): this;
  description(description: string): this;
  unit(unit: Unit): this;
  datasource(datasource: typeof DATASOURCE): this;
  span(w: number): this;
  height(h: number): this;
}

function described<Builder extends PanelBuilder>(
  panel: Builder,
  { title, description, unit }: TableText & Partial<PanelText>,
  { w, h }: Required<Size>,
): Builder {
  panel.title(title).description(description);
  if (unit !== undefined) panel.unit(unit);
  return panel.datasource(DATASOURCE).span(w).height(h);
}

function target({ expr, legend, exemplars }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .expr(expr)
    .refId('ABCDEFGH'.charAt(index))
    .legendFormat(legend)
    .exemplar(exemplars ?? false)
    .range()
    .datasource(DATASOURCE);
}

function thresholds({ amber, red, falling }: Bounds): ThresholdsConfigBuilder {
  const steps =
    falling === undefined
      ? [step('green', null), step('orange', amber), step('red', red)]
      : [step('red', null), step('orange', red), step('green', amber)];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** The first step begins at minus infinity, which Grafana writes as null. */
function step(color: string, value: number | null): { color: string; value: number | null } {
  return { color, value };
}
