/** Where the files stand that are tested here. */
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

export const PROMETHEUS_FILES = fileURLToPath(new URL('deploy/prometheus/', ROOT));
export const ALERTMANAGER_FILES = fileURLToPath(new URL('deploy/alertmanager/', ROOT));
export const GRAFANA_FILES = fileURLToPath(new URL('deploy/grafana/', ROOT));
export const RUNBOOKS = fileURLToPath(new URL('docs/runbooks/', ROOT));
export const RULE_TESTS = fileURLToPath(new URL('../rules/', import.meta.url));

export const RULE_FILES = ['recording-rules.yaml', 'alerts.yaml'] as const;
