/**
 * What all dashboards have in common: variables, links to each other, alerts as annotations, ids. Every expression selects
 * by `namespace` and `job`, so that several Leewards under one Prometheus stay apart; without namespaces, "All" matches the
 * empty label.
 */
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, type Panel } from './panels.ts';

const TAG = 'leeward';

/** Goes into every selector of a metric. */
export const SCOPE = 'namespace=~"$namespace", job=~"$job"';

/** As Grafana reads it. */
export type Built = ReturnType<DashboardBuilder['build']>;

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

interface FrameOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Variables beside namespace and job: the name of a label, and a metric that has it. */
  readonly variables?: readonly { readonly label: string; readonly of: string }[];
  readonly rows: readonly Row[];
}

export function dashboard(options: FrameOptions): Built {
  const frame = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags([TAG])
    .readonly()
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Leeward')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Alerts')
        .enable(true)
        .datasource(DATASOURCE)
        .iconColor('red')
        .expr(`ALERTS{alertname=~"Leeward.*", alertstate="firing", severity="page", ${SCOPE}}`),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(variable('namespace', 'leeward_build_info'))
    .withVariable(variable('job', 'leeward_build_info{namespace=~"$namespace"}'));
  for (const { label, of } of options.variables ?? []) frame.withVariable(variable(label, `${of}{${SCOPE}}`));
  for (const row of options.rows) {
    frame.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) frame.withPanel(panel);
  }
  return numbered(frame.build());
}

function variable(label: string, selector: string): QueryVariableBuilder {
  return new QueryVariableBuilder(label)
    .label(label)
    .datasource(DATASOURCE)
    .query(`label_values(${selector}, ${label})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}

/** Links to single panels go by id. */
function numbered(built: Built): Built {
  const panels = built.panels?.map((panel, index) => ({ ...panel, id: index + 1 }));
  return panels === undefined ? built : { ...built, panels };
}
