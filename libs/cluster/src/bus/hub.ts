/**
 * The middle of a cluster inside one machine: a process that its siblings are attached to, and that may hold the one
 * bus to everywhere else. What one of them says goes to all others and outside, and what comes from outside goes to
 * all; so a machine has one connection, however many peers work on it.
 *
 * It reads nothing of what it passes on, and keeps nothing: what a sibling does not take is dropped and counted.
 */
import { BoundedPort, type HubWord, type Port } from './hub-port.ts';
import type { Bus, Subject } from '../shapes.ts';

/** More processes than any machine has cores to run them on. */
const MAX_ATTACHED = 1024;

const SUBJECTS: readonly Subject[] = ['digest', 'event', 'hello'];

export interface Attachment {
  /** What came from the other side. */
  hear(word: HubWord): void;
  /** The other side is told, if it still listens, and neither heard nor told anything from then on. */
  detach(): void;
}

export class Hub {
  readonly #attached = new Set<BoundedPort>();
  readonly #outer: Bus | undefined;
  #dropped = 0;

  constructor(outer?: Bus) {
    this.#outer = outer;
    for (const subject of SUBJECTS) outer?.subscribe(subject, (bytes) => this.#tell(subject, bytes));
  }

  /** Messages that were dropped because whom they were for did not take what came before. */
  get droppedMessages(): number {
    return this.#dropped;
  }

  attach(port: Port): Attachment {
    if (this.#attached.size >= MAX_ATTACHED) throw new RangeError(`more than ${MAX_ATTACHED} are attached`);
    const bounded = new BoundedPort(port);
    this.#attached.add(bounded);
    bounded.post({ kind: 'bus-open', isOpen: true });
    return {
      hear: (word) => {
        if (word.kind === 'bus-message' && this.#attached.has(bounded)) this.#relay(bounded, word.subject, word.bytes);
      },
      detach: () => {
        if (this.#attached.delete(bounded)) bounded.post({ kind: 'bus-open', isOpen: false });
      },
    };
  }

  #relay(from: BoundedPort, subject: Subject, bytes: Uint8Array): void {
    this.#tell(subject, bytes, from);
    this.#outer?.publish(subject, bytes);
  }

  #tell(subject: Subject, bytes: Uint8Array, except?: BoundedPort): void {
    for (const port of this.#attached) {
      if (port !== except && !port.post({ kind: 'bus-message', subject, bytes })) this.#dropped++;
    }
  }
}
