/** One worker's place on the node: the process that is in it now, and after that one's end the next. */
import type { Attachment, Hub } from '@leeward/cluster';
import type { Clock, Timer } from '@leeward/kernel';
import type { Logger } from '@leeward/telemetry';
import { Asks, NoAnswer } from './asks.ts';
import type { Dealer, Seat } from './dealer.ts';
import type { Child, Ended } from './fork-worker.ts';
import { RestartWaits } from './restart-waits.ts';
import type { Begin, FromWorker, Question, ToWorker } from './words.ts';

export interface SlotDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fork: () => Child;
  readonly hub: Hub;
  readonly dealer: Pick<Dealer, 'join' | 'leave' | 'taken' | 'heard' | 'closed'>;
  /** What the next process in this place begins with. */
  readonly begin: (index: number) => Begin;
  /** Told when a process serves, and when one has ended. */
  readonly onServing: (index: number) => void;
  readonly onEnded: (index: number, ended: Ended) => void;
  /** Told before a process is started in the place of one that ended. */
  readonly onRestart: () => void;
}

/** One process's life in the slot. */
interface Life {
  readonly child: Child;
  readonly seat: Seat;
  readonly startedAtMs: number;
  isServing: boolean;
  attachment: Attachment | undefined;
}

export class WorkerSlot {
  readonly index: number;
  readonly #deps: SlotDeps;
  readonly #asks = new Asks();
  readonly #waits = new RestartWaits();
  #life: Life | undefined;
  #restart: Timer | undefined;
  #isStopping = false;

  /** From 1 on, as people count. */
  constructor(deps: SlotDeps, index: number) {
    this.#deps = deps;
    this.index = index;
  }

  get isServing(): boolean {
    return this.#life?.isServing ?? false;
  }

  /** Whether a process is in it, serving or not. */
  get isTaken(): boolean {
    return this.#life !== undefined;
  }

  start(): void {
    const { clock, fork } = this.#deps;
    const child = fork();
    const life: Life = {
      child,
      seat: {
        deal: (id, socket) => child.sendSocket({ kind: 'connection', id }, socket),
        ask: (upTo) => child.send({ kind: 'connections-dealt', upTo }),
      },
      startedAtMs: clock.nowMs(),
      isServing: false,
      attachment: undefined,
    };
    this.#life = life;
    child.onWord((word) => this.#hear(life, word));
    child.onEnd((ended) => this.#ended(life, ended));
  }

  /** Nobody hears it while the slot is empty; the next process begins with what is said by then. */
  tell(word: ToWorker): void {
    this.#life?.child.send(word);
  }

  /** Rejects with NoAnswer when none comes before the signal aborts, or there is nobody to ask. */
  ask(question: Question, signal: AbortSignal): Promise<unknown> {
    const { child, attachment } = this.#life ?? {};
    if (child === undefined || attachment === undefined) return Promise.reject(new NoAnswer('it has not begun yet'));
    return this.#asks.ask((id) => child.send({ kind: 'ask', id, question }), signal);
  }

  /** The process drains and ends, and no other follows it. */
  stop(): void {
    this.#isStopping = true;
    this.#restart?.cancel();
    this.tell({ kind: 'stop' });
  }

  kill(): void {
    this.#life?.child.kill();
  }

  #hear(life: Life, word: FromWorker): void {
    const { dealer } = this.#deps;
    switch (word.kind) {
      case 'up':
        life.child.send(this.#deps.begin(this.index));
        life.attachment = this.#deps.hub.attach({ post: (next, taken) => life.child.send(next, taken) });
        return;
      case 'serving':
        life.isServing = word.isServing;
        if (!word.isServing) dealer.leave(life.seat);
        else {
          dealer.join(life.seat);
          this.#deps.onServing(this.index);
        }
        return;
      case 'connection-taken':
        dealer.taken(life.seat, word.id);
        return;
      case 'connections-heard':
        dealer.heard(life.seat, word.upTo);
        return;
      case 'connection-closed':
        dealer.closed(life.seat);
        return;
      case 'answer':
        this.#asks.answered(word.id, word.answer);
        return;
      case 'bus-message':
      case 'bus-open':
        life.attachment?.hear(word);
    }
  }

  #ended(life: Life, ended: Ended): void {
    const { clock, logger, dealer, onEnded, onRestart } = this.#deps;
    this.#life = undefined;
    dealer.leave(life.seat);
    this.#asks.giveUp();
    life.attachment?.detach();
    onEnded(this.index, ended);
    if (this.#isStopping) return;
    const ranMs = clock.nowMs() - life.startedAtMs;
    const restartInMs = this.#waits.afterMs(ranMs);
    logger.error({ worker: this.index, ...ended, ranMs: Math.round(ranMs), restartInMs }, 'worker-ended');
    this.#restart = clock.after(restartInMs, () => {
      onRestart();
      this.start();
    });
  }
}
