/**
 * npm runs a script in a shell and passes SIGTERM on to that shell alone, and Debian's dies of it without a word to what
 * it runs. A node started by `npm start` would then live on, unseen, and keep its ports. So it takes the shell's end,
 * which shows in its parent's id, for the signal. Only under npm: elsewhere a parent that ends means nothing (nohup).
 */
import type { Clock } from '@leeward/kernel';
import type { Environment } from '../config/environment.ts';

/** Reading the id is a system call of well under a microsecond; nobody waits longer than this for a node to notice. */
const LOOK_EVERY_MS = 250;

interface ShellDeps {
  readonly clock: Clock;
  readonly env: Environment;
  readonly parentId: () => number;
}

/** Calls `told` once, when the shell of `npm start` has ended. */
export function watchNpmShell({ clock, env, parentId }: ShellDeps, told: () => void): void {
  if (env['npm_lifecycle_event'] !== 'start') return;
  const shell = parentId();
  const look = (): void => {
    if (parentId() === shell) clock.after(LOOK_EVERY_MS, look);
    else told();
  };
  clock.after(LOOK_EVERY_MS, look);
}
