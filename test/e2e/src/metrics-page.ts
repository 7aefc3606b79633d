/** The gateway's metrics as a client of Prometheus sees them: one scrape, and sums over the series of one name. */
import type { GatewayProcess } from './gateway-process.ts';

export interface MetricsPage {
  /** The sum of a metric's series that carry all of these labels; 0 when there is none. */
  readonly sum: (name: string, labels?: Readonly<Record<string, string>>) => number;
  /** How many series it has in all. */
  readonly series: number;
}

export async function scrape(gateway: GatewayProcess): Promise<MetricsPage> {
  const response = await fetch(`${gateway.adminUrl}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return {
    series: lines.length,
    sum: (name, labels = {}) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return lines
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .filter((line) => wanted.every((pair) => line.includes(pair)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
  };
}
