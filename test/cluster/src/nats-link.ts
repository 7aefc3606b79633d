/**
 * The network between one node and its NATS server, which a test can cut. A cut is what a partition is: nothing comes
 * through in either direction, no connection is told, and new ones are begun and never answered.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class NatsLink {
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket | undefined>();
  readonly #toPort: number;
  #isCut: boolean;

  private constructor(toPort: number, isCut: boolean) {
    this.#toPort = toPort;
    this.#isCut = isCut;
    this.#server = createServer({ pauseOnConnect: true }, (near) => this.#onConnection(near));
  }

  static async open(toPort: number, { isCut = false }: { readonly isCut?: boolean } = {}): Promise<NatsLink> {
    const link = new NatsLink(toPort, isCut);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const [near, far] of this.#pairs) {
      near.unpipe();
      near.pause();
      far?.unpipe();
      far?.pause();
    }
  }

  /** What was held back comes through now, late, as after a real partition. */
  heal(): void {
    this.#isCut = false;
    for (const [near, far] of this.#pairs) this.#join(near, far);
  }

  close(): void {
    this.#server.close();
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far?.destroy();
    }
  }

  #onConnection(near: Socket): void {
    this.#pairs.set(near, undefined);
    near.on('error', () => near.destroy());
    near.on('close', () => {
      this.#pairs.get(near)?.destroy();
      this.#pairs.delete(near);
    });
    if (!this.#isCut) this.#join(near, undefined);
  }

  #join(near: Socket, known: Socket | undefined): void {
    const far = known ?? this.#reach(near);
    near.pipe(far);
    far.pipe(near);
  }

  #reach(near: Socket): Socket {
    const far = connect(this.#toPort, '127.0.0.1');
    far.on('error', () => far.destroy());
    far.on('close', () => near.destroy());
    this.#pairs.set(near, far);
    return far;
  }
}
