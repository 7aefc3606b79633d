/**
 * What stands between clients and pods: new connections go to ready pods in turn, old ones stay where they are. It hears of
 * changes late, as load balancers do; that is what preStop is for.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a load balancer needs to know of a pod. */
export interface Endpoint {
  readonly dataPort: number;
  readonly isReady: boolean;
}

/** From a change in a pod to the last machine that hears of it: on a busy cluster, seconds. */
const LATE_MS = 3000;

/** How often it looks. */
const EVERY_MS = 100;

export class Service implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #ports: readonly number[] = [];
  #next = 0;
  #refused = 0;

  private constructor(endpoints: () => readonly Endpoint[]) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#carry(client));
    const look = setInterval(() => {
      const ports = endpoints().flatMap(({ isReady, dataPort }) => (isReady ? [dataPort] : []));
      this.#later(() => {
        this.#ports = ports;
      });
    }, EVERY_MS);
    this.#timers.add(look);
  }

  /** `endpoints`: the pods as they are now, without those that have been told to end. */
  static async open(endpoints: () => readonly Endpoint[]): Promise<Service> {
    const service = new Service(endpoints);
    await once(service.#server.listen(0, '127.0.0.1'), 'listening');
    return service;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** Connections that no pod took. */
  get refused(): number {
    return this.#refused;
  }

  get endpoints(): number {
    return this.#ports.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server.close(), 'close');
  }

  #later(run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, LATE_MS);
    this.#timers.add(timer);
  }

  #carry(client: Socket): void {
    const port = this.#ports[this.#next++ % Math.max(1, this.#ports.length)];
    if (port === undefined) {
      this.#refused++;
      client.destroy();
      return;
    }
    const pod = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    pod.once('error', () => {
      if (pod.connecting) this.#refused++;
    });
    for (const [from, to] of [
      [client, pod],
      [pod, client],
    ] as const) {
      this.#sockets.add(from);
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      // Its close follows.
      from.on('error', () => undefined);
      from.pipe(to);
    }
  }
}
