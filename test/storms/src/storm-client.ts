/** A client that waits for all of its answer and looks at what it got. */
import type { Downstream } from '@leeward/failover';

const DATA = 'data: ';
const DONE = '[DONE]';

export class StormClient implements Downstream {
  readonly left = false;
  readonly #writes: Buffer[] = [];
  #signal: AbortSignal | undefined;

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  onLeave(): void {
    // It never leaves: its deadline is the gateway's to keep.
  }

  beginStream(): void {
    // The head says nothing that is measured.
  }

  write(bytes: Buffer): boolean {
    this.#writes.push(bytes);
    return true;
  }

  onDrain(): void {
    // It is never slow.
  }

  end(): void {
    // What was written tells.
  }

  /** The text it would show, if the stream ended as a whole answer does; else undefined. */
  get text(): string | undefined {
    let text = '';
    let isWhole = false;
    for (const event of Buffer.concat(this.#writes).toString().split('\n\n')) {
      if (!event.startsWith(DATA)) continue;
      isWhole = event.endsWith(DONE);
      if (!isWhole) text += /"content":"(?<content>[^"]*)"/.exec(event)?.groups?.['content'] ?? '';
    }
    return isWhole ? text : undefined;
  }
}
