/**
 * Tells when the config file, or a secret file it points to, has new content. It reads them every two seconds and
 * compares hashes, rather than asking the system for events. Events do not always come: Kubernetes swaps a directory
 * behind two symbolic links, editors replace files, a watch on a file that is removed is a watch on nothing, and
 * network and overlay file systems send none at all. Reading a few small files costs about a tenth of a millisecond;
 * missing a rotated key costs an outage.
 *
 * A change is loaded once it has stood still (a file may be half written), one load at a time, and told only when the
 * bytes differ from those loaded last. What cannot be read counts as content too: a secret that appears is a change.
 */
import type { Clock } from '@leeward/kernel';
import { type ConfigDeps, type ConfigResult, fingerprintOf, loadConfig, observe, type Sources } from './load.ts';

/** Kubernetes itself takes up to a minute to bring a change to the node: two seconds more go unnoticed. */
const POLL_MS = 2000;

/** Longer than an editor or `cp` needs to write a small file. */
const SETTLE_MS = 250;

/** A file that never stands still is loaded all the same after two seconds, else it would never be. */
const MAX_SETTLES = 8;

export interface WatchDeps extends ConfigDeps {
  readonly clock: Clock;
  /** Of the settings that run (Settings.fingerprint): what changed before the watch began is then told as well. */
  readonly fingerprint?: string;
}

/** Runs until the signal aborts; then it resolves. A refused config is told like a good one. */
export async function watchConfig(
  path: string,
  deps: WatchDeps,
  onChange: (result: ConfigResult) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let result = await loadConfig({ path }, deps);
  let known = deps.fingerprint ?? fingerprintOf(result.sources);
  for (;;) {
    const current = fingerprintOf(result.sources);
    if (signal.aborted) return;
    if (current !== known) {
      known = current;
      await onChange(result);
    }
    if (!(await changed(result.sources, deps, signal))) return;
    result = await loadConfig({ path }, deps);
  }
}

/** Resolves to true when something new stands still, to false when the signal aborts. */
async function changed(loaded: Sources, deps: WatchDeps, signal: AbortSignal): Promise<boolean> {
  const before = fingerprintOf(loaded);
  for (;;) {
    if (!(await slept(deps.clock, POLL_MS, signal))) return false;
    let seen = await look(loaded, deps);
    if (seen === before) continue;
    for (let settles = 0; settles < MAX_SETTLES; settles++) {
      if (!(await slept(deps.clock, SETTLE_MS, signal))) return false;
      const again = await look(loaded, deps);
      if (again === seen) break;
      seen = again;
    }
    // Even when it is back to what it was: the load is cheap, and the caller compares fingerprints.
    return true;
  }
}

async function look(loaded: Sources, deps: WatchDeps): Promise<string> {
  return fingerprintOf(await observe(loaded, deps.readFile));
}

async function slept(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(delayMs, signal);
    return true;
  } catch {
    // Sleep rejects for one reason only: the signal, which is how a watch ends.
    return false;
  }
}
