/**
 * Something that speaks on the cluster's bus and is no gateway of ours: a node of another version, or an enemy who got
 * hold of the bus. It speaks NATS by hand, so that it can say whatever a client library, or our own code, would not.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RawPeer {
  readonly #socket: Socket;
  readonly #cluster: string;

  private constructor(socket: Socket, cluster: string) {
    this.#socket = socket;
    this.#cluster = cluster;
  }

  static async connect(port: number, cluster: string): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    // What the server says is read, or it would take us for a slow reader; its greeting, its PING and OKs are all of it.
    socket.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => socket.destroy());
    socket.write('CONNECT {"verbose":false,"pedantic":false,"name":"raw-peer"}\r\n');
    return new RawPeer(socket, cluster);
  }

  say(subject: 'digest' | 'event' | 'hello', message: object | string | Uint8Array): void {
    const bytes =
      message instanceof Uint8Array
        ? message
        : Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    this.#socket.write(`PUB leeward.${this.#cluster}.${subject} ${bytes.byteLength}\r\n`);
    this.#socket.write(bytes);
    this.#socket.write('\r\n');
  }

  close(): void {
    this.#socket.destroy();
  }
}
