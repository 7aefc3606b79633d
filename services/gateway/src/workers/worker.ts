/** A gateway as its primary's words run it: begun once, asked, given new configs, and stopped. */
import type { Socket } from 'node:net';
import type { HubBus } from '@leeward/cluster';
import { build, type Gateway } from '../build.ts';
import type { Settings } from '../config/settings.ts';
import { dataServer } from '../http/ports.ts';
import { shutDown } from '../shut-down.ts';
import { DealtConnections } from './dealt-connections.ts';
import { loadReading, type Reading } from './reading.ts';
import type { Begin, FromWorker, Question, ToWorker } from './words.ts';

export interface WorkerDeps {
  readonly bus: HubBus;
  readonly say: (word: FromWorker) => void;
  /** It cannot begin, which is the process's end. */
  readonly failed: (error: unknown) => void;
  readonly exit: () => void;
}

interface Running {
  readonly gateway: Gateway;
  readonly data: DealtConnections;
  readonly workers: number;
}

export class Worker {
  readonly #deps: WorkerDeps;
  #running: Running | undefined;
  #isStopping = false;
  /** One word after another, for the first takes a while. */
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  /** `socket` comes with a connection, unless its client is gone already. */
  hear(word: ToWorker, socket?: Socket): void {
    switch (word.kind) {
      case 'bus-message':
      case 'bus-open':
        this.#deps.bus.hear(word);
        return;
      case 'connection':
        this.#take(word.id, socket);
        return;
      case 'connections-dealt':
        this.#deps.say({ kind: 'connections-heard', upTo: word.upTo });
        return;
      case 'begin':
        this.#then(() => this.#begin(word));
        return;
      case 'ask':
        this.#then(async () => {
          const answer = await this.#answer(word.question);
          this.#deps.say({ kind: 'answer', id: word.id, answer });
        });
        return;
      case 'drain':
        this.#then(() => this.#running?.gateway.drain());
        return;
      case 'stop':
        // Its end is not waited for: what is said while it drains is heard.
        this.#then(() => void this.#stop());
    }
  }

  #then(act: () => Promise<void> | void): void {
    this.#turn = this.#turn.then(act).catch((error: unknown) => {
      const logger = this.#running?.gateway.logger;
      if (logger === undefined) this.#deps.failed(error);
      else logger.error({ error }, 'worker-word-failed');
    });
  }

  async #begin({ index, workers, reading, isDraining, drainedTargets }: Begin): Promise<void> {
    if (this.#running !== undefined || this.#isStopping) return;
    const settings = await settingsOf(reading, workers);
    const gateway = await build(settings, { worker: { index, bus: this.#deps.bus } });
    if (isDraining) gateway.drain();
    for (const target of drainedTargets) await gateway.views.drainTarget(target, true);
    const data = new DealtConnections(dataServer(gateway.app.listener, settings));
    this.#running = { gateway, data, workers };
    this.#deps.say({ kind: 'serving', isServing: true });
  }

  #take(id: number, socket: Socket | undefined): void {
    const { say } = this.#deps;
    if (this.#running === undefined || this.#isStopping) {
      // This copy goes; the primary has its own, and deals it again.
      socket?.destroy();
      return;
    }
    say({ kind: 'connection-taken', id });
    if (socket === undefined) say({ kind: 'connection-closed' });
    else this.#running.data.add(socket, () => say({ kind: 'connection-closed' }));
  }

  async #answer(question: Question): Promise<unknown> {
    if (this.#running === undefined) return undefined;
    const { gateway, workers } = this.#running;
    switch (question.kind) {
      case 'metrics':
        return gateway.metrics.families();
      case 'targets':
        return gateway.views.targets();
      case 'decisions':
        return gateway.views.decisions(question.filter);
      case 'peers':
        return gateway.views.peers();
      case 'live':
        return gateway.views.live();
      case 'history':
        return gateway.views.history();
      case 'drain-target':
        return gateway.views.drainTarget(question.target, question.drain);
      case 'undrain':
        return gateway.undrain();
      case 'in-flight':
        return gateway.app.inFlight();
      case 'take-over':
        return this.#takeOver(await settingsOf(question.reading, workers));
    }
  }

  #takeOver(settings: Settings): true {
    this.#running?.gateway.reload(settings);
    this.#running?.data.renewTls(settings.listen.dataTls);
    return true;
  }

  async #stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#deps.say({ kind: 'serving', isServing: false });
    if (this.#running !== undefined) await shutDown(this.#running.gateway, this.#running.data);
    this.#deps.exit();
  }
}

/** As the primary accepted them, with this worker's part of what the node may have in flight. */
async function settingsOf(reading: Reading, workers: number): Promise<Settings> {
  const result = await loadReading(reading);
  if (result.kind === 'refused') {
    throw new Error(`a config that the primary accepted is refused: ${JSON.stringify(result.problems)}`);
  }
  const { settings } = result;
  const { limits } = settings;
  return Object.freeze({
    ...settings,
    limits: Object.freeze({ ...limits, inFlight: Math.ceil(limits.inFlight / workers) }),
  });
}
