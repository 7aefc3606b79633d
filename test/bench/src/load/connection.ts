/**
 * One keep-alive connection of the load generator. Bytes are read into one buffer per connection instead of a fresh
 * one per read, and go straight to the reader without Node's stream machinery: the cheapest a socket in Node can be.
 */
import { connect, type Socket } from 'node:net';
import { HttpReader } from '../http-reader.ts';

/** Fits an answer or a burst of stream chunks in one read. */
const READ_BUFFER_BYTES = 16 * 1024;

export interface ConnectionEvents {
  head(status: number): void;
  body(bytes: Buffer): void;
  end(): void;
  /** The connection broke, or sent what is not HTTP. */
  broken(reason: string): void;
}

export class Connection {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(port: number, events: ConnectionEvents): Promise<Connection> {
    const reader = new HttpReader({
      // "HTTP/1.1 200 ..."
      head: (text) => events.head(Number(text.slice(9, 12))),
      body: (bytes) => events.body(bytes),
      end: () => events.end(),
    });
    return new Promise((resolve, reject) => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
          callback: (count, buffer) => {
            try {
              reader.push(Buffer.from(buffer.buffer, buffer.byteOffset, count));
            } catch (error) {
              connection.#break(events, String(error));
            }
            return true;
          },
        },
      });
      const connection = new Connection(socket);
      socket.once('connect', () => resolve(connection));
      socket.on('error', (error) => {
        reject(error);
        connection.#break(events, error.message);
      });
      socket.on('close', () => connection.#break(events, 'closed by the subject'));
    });
  }

  #break(events: ConnectionEvents, reason: string): void {
    if (this.#closed) return;
    this.close();
    events.broken(reason);
  }

  /** This end's. */
  get port(): number | undefined {
    return this.#socket.localPort;
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** On our own account: nothing is reported. */
  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}
