/**
 * The config that the node runs: read and judged here, once, and then told to all workers. One that is refused is told
 * and counted here and nowhere else.
 */
import { systemClock } from '@leeward/kernel';
import type { Logger, Metrics } from '@leeward/telemetry';
import { readEnvironment } from '../config/environment.ts';
import { readFileBounded } from '../config/files.ts';
import type { ConfigResult } from '../config/load.ts';
import { needsRestart } from '../config/needs-restart.ts';
import type { Settings } from '../config/settings.ts';
import { watchConfig } from '../config/watch.ts';
import type { Crew } from './crew.ts';
import { type Reading, Recorder } from './reading.ts';

/** Taking a config over costs milliseconds; a worker that has not answered by then hangs, and does it when it wakes. */
const TAKE_OVER_MS = 5000;

interface LiveReadingDeps {
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** For what is the primary's own: its port. */
  readonly onTaken: (settings: Settings) => void;
}

export class LiveReading {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #onTaken: (settings: Settings) => void;
  readonly #started: Settings;
  #settings: Settings;
  #reading: Reading;

  constructor({ metrics, logger, onTaken }: LiveReadingDeps, settings: Settings, reading: Reading) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#onTaken = onTaken;
    this.#started = settings;
    this.#settings = settings;
    this.#reading = reading;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get reading(): Reading {
    return this.#reading;
  }

  /** Resolves when the signal aborts. */
  watch(path: string, crew: Pick<Crew, 'askAll'>, signal: AbortSignal): Promise<void> {
    const env = readEnvironment();
    const recorder = new Recorder(readFileBounded);
    const { fingerprint } = this.#settings;
    const deps = { clock: systemClock, env, readFile: recorder.readFile, fingerprint };
    return watchConfig(
      path,
      deps,
      (result) => this.#take(result, recorder.reading({ path }, env, result), crew),
      signal,
    );
  }

  async #take(result: ConfigResult, reading: Reading, crew: Pick<Crew, 'askAll'>): Promise<void> {
    const accepted = result.kind === 'ok';
    this.#metrics.configReloadsTotal.child(accepted ? 'ok' : 'failed').inc();
    this.#metrics.configLastReloadSuccess.child().set(accepted ? 1 : 0);
    if (!accepted) {
      this.#logger.error({ problems: result.problems }, 'config-refused');
      return;
    }
    // First, so that a worker which starts just now begins with it.
    this.#settings = result.settings;
    this.#reading = reading;
    this.#onTaken(result.settings);
    const { missing } = await crew.askAll({ kind: 'take-over', reading }, AbortSignal.timeout(TAKE_OVER_MS));
    this.#logger.setLevel(result.settings.telemetry.logLevel);
    this.#logger.info(missing.length === 0 ? {} : { missing }, 'config-reloaded');
    const changed = needsRestart(this.#started, result.settings);
    if (changed.length > 0) this.#logger.warn({ changed }, 'config-change-needs-restart');
  }
}
