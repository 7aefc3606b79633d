/** Asks Prometheus what Grafana would ask it for a dashboard. */
import { expressionsOf } from '@leeward/dashboards';
import type { PrometheusProcess } from './prometheus-process.ts';

/** Several scrapes of a test, as Grafana takes several of a real Prometheus. */
const RATE_INTERVAL = '5s';

/** With Grafana's variables filled in: all of everything. */
export function plain(expr: string, range: string): string {
  return expr.replaceAll('$__rate_interval', RATE_INTERVAL).replaceAll('$__range', range).replaceAll(/\$\w+/g, '.*');
}

/** The panels that show nothing over this time. */
export async function emptyPanels(
  json: unknown,
  prometheus: PrometheusProcess,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<readonly string[]> {
  const range = `${Math.ceil((untilMs - fromMs) / 1000)}s`;
  const shown = await Promise.all(
    expressionsOf(json).map(async ({ panel, expr }) => {
      const values = await prometheus.range(plain(expr, range), fromMs, untilMs);
      return values.some(Number.isFinite) ? [] : [`${panel}: ${expr}`];
    }),
  );
  return shown.flat();
}
