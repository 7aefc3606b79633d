/** A real Prometheus with our rules, hastened, and our example of a config with its addresses replaced. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROMETHEUS, requireTool } from '@leeward/tools';
import { z } from 'zod';
import { hasten } from './hasten.ts';
import { PROMETHEUS_FILES, RULE_FILES } from './places.ts';
import { ServerProcess } from './server-process.ts';

const samples = z.object({
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })) }),
});
const alerts = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })) }),
});
const exemplars = z.object({
  data: z.array(z.object({ exemplars: z.array(z.object({ labels: z.record(z.string(), z.string()) })) })),
});

export interface PrometheusOptions {
  readonly nodes: readonly string[];
  readonly alertmanager: string;
  /** How much faster than written the rules' time passes. */
  readonly times: number;
}

/** A second of the shortest hastened window has four samples. */
const EVERY = '500ms';

/** A test's time in so many steps: fine enough not to step over what lasts for two seconds. */
const STEPS = 120;

export class PrometheusProcess {
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess) {
    this.#server = server;
  }

  static async start({ nodes, alertmanager, times }: PrometheusOptions): Promise<PrometheusProcess> {
    const read = (name: string) => readFile(join(PROMETHEUS_FILES, name), 'utf8');
    const rules = await Promise.all(RULE_FILES.map(async (name) => [name, hasten(await read(name), times)] as const));
    const config = (await read('prometheus.yaml'))
      .replaceAll(/_interval: \d+s/g, `_interval: ${EVERY}`)
      .replace('leeward-1:9090, leeward-2:9090', nodes.join(', '))
      .replace('alertmanager:9093', alertmanager);
    const server = await ServerProcess.start({
      command: requireTool(PROMETHEUS),
      files: { ...Object.fromEntries(rules), 'prometheus.yaml': config },
      args: ({ folder, address }) => [
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--enable-feature=exemplar-storage',
        '--rules.alert.resend-delay=1s',
        '--log.level=warn',
      ],
    });
    return new PrometheusProcess(server);
  }

  /** The names of the alerts that fire now. */
  async firing(): Promise<ReadonlySet<string>> {
    const { data } = alerts.parse(await this.#get('alerts', {}));
    const active = data.alerts.filter(({ state }) => state === 'firing');
    return new Set(active.map(({ labels }) => labels['alertname'] ?? ''));
  }

  /** Every value of every series, over this time. */
  async range(query: string, fromMs: number, untilMs: number): Promise<readonly number[]> {
    const step = String((untilMs - fromMs) / 1000 / STEPS);
    const answer = await this.#get('query_range', { query, start: seconds(fromMs), end: seconds(untilMs), step });
    return samples.parse(answer).data.result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
  }

  /** The labels of the exemplars of the series that an expression reads. */
  async exemplars(
    query: string,
    fromMs: number,
    untilMs: number,
  ): Promise<readonly Readonly<Record<string, string>>[]> {
    const answer = await this.#get('query_exemplars', { query, start: seconds(fromMs), end: seconds(untilMs) });
    return exemplars.parse(answer).data.flatMap((series) => series.exemplars.map(({ labels }) => labels));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.#server.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    if (!response.ok) throw new Error(`${path} ${JSON.stringify(parameters)}: ${await response.text()}`);
    return response.json();
  }
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
