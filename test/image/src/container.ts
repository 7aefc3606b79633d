/**
 * A container of the image, as an orchestrator would run it: its own view of processes, a root that cannot be written to,
 * the image's user, no new privileges, and the network of this machine. Made of what every Linux has, because a container
 * runtime wants more of its machine than tests always get.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

/** What a runtime mounts into every container. `$1` is the root; the rest is the user and the command. */
const START = `
set -e
root=$1; user=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 444 "$root/dev/urandom" c 1 9
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
`;

export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
}

export class Container implements AsyncDisposable {
  readonly root: string;
  readonly config: ImageConfig;
  readonly #id: string;
  readonly #running: ChildProcess[] = [];

  private constructor(id: string, root: string, config: ImageConfig) {
    this.#id = id;
    this.root = root;
    this.config = config;
  }

  static async of(image: string): Promise<Container> {
    const { config } = (JSON.parse(await run('buildah', ['inspect', '--type', 'image', image])) as Inspected).OCIv1;
    const id = await run('buildah', ['from', image]);
    const root = await run('buildah', ['mount', id]);
    for (const folder of ['proc', 'dev']) await mkdir(join(root, folder), { recursive: true });
    return new Container(id, root, config);
  }

  /** Starts it with the image's entry point. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return this.run([...this.config.Entrypoint, ...args], env);
  }

  run(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const own = Object.fromEntries(this.config.Env.map((pair) => pair.split('=', 2) as [string, string]));
    const unshare = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=SIGKILL'];
    const child = spawn('unshare', [...unshare, 'sh', '-c', START, 'sh', this.root, this.config.User, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The shell that starts it wants its programs; Node has no use for the variable.
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...own, ...env },
    });
    this.#running.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await run('buildah', ['umount', this.#id]);
    await run('buildah', ['rm', this.#id]);
  }
}

interface Inspected {
  readonly OCIv1: { readonly config: ImageConfig };
}
