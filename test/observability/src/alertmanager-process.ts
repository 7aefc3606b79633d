/** A real Alertmanager with our example of a webhook, hastened, and the webhook that it tells. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ALERTMANAGER, requireTool } from '@leeward/tools';
import { z } from 'zod';
import { hasten } from './hasten.ts';
import { ALERTMANAGER_FILES } from './places.ts';
import { ServerProcess } from './server-process.ts';

const message = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

export interface Delivered {
  /** Where it was delivered to: `/pages` or `/tickets`. */
  readonly path: string;
  readonly status: 'firing' | 'resolved';
  readonly alert: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export class AlertmanagerProcess {
  readonly delivered: Delivered[] = [];
  readonly #webhook: Server;
  #server: ServerProcess | undefined;

  private constructor() {
    this.#webhook = createServer((request, response) => {
      void text(request).then((body) => {
        for (const { status, labels, annotations } of message.parse(JSON.parse(body)).alerts) {
          this.delivered.push({ path: request.url ?? '', status, alert: labels['alertname'] ?? '', annotations });
        }
        response.end();
      });
    });
  }

  static async start(times: number): Promise<AlertmanagerProcess> {
    const alertmanager = new AlertmanagerProcess();
    const webhook = alertmanager.#webhook;
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
    const { port } = webhook.address() as AddressInfo;
    const config = await readFile(join(ALERTMANAGER_FILES, 'webhook.yaml'), 'utf8');
    alertmanager.#server = await ServerProcess.start({
      command: requireTool(ALERTMANAGER),
      files: { 'config.yaml': hasten(config, times).replaceAll('oncall.example:8080', `127.0.0.1:${port}`) },
      args: ({ folder, address }) => [
        `--config.file=${join(folder, 'config.yaml')}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        // Alone, and on loopback.
        '--cluster.listen-address=',
        '--log.level=warn',
      ],
    });
    return alertmanager;
  }

  get address(): string {
    return this.#server?.url.replace('http://', '') ?? '';
  }

  /** The names of the alerts of which it was told that they fire, or have ended. */
  told(status: Delivered['status']): ReadonlySet<string> {
    return new Set(this.delivered.filter((each) => each.status === status).map(({ alert }) => alert));
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#webhook.closeAllConnections();
    this.#webhook.close();
  }
}
