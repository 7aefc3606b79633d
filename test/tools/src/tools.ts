/**
 * The programs of other projects that tests start, and where each comes from. One that is added here is found,
 * installed and reported like the others. What npm can install is no tool: it stands in a package.json.
 */

export interface Tool {
  readonly command: string;
  /** Debian's package. */
  readonly debianPackage: string;
  /** For those who have no Debian. */
  readonly site: string;
  readonly neededFor: string;
  /** Where packages put it that is not on every user's PATH. */
  readonly alsoIn: readonly string[];
}

export const NATS_SERVER: Tool = {
  command: 'nats-server',
  debianPackage: 'nats-server',
  site: 'https://github.com/nats-io/nats-server/releases',
  neededFor: 'the cluster: its tests and its demo',
  alsoIn: ['/usr/sbin'],
};

export const BUILDAH: Tool = {
  command: 'buildah',
  debianPackage: 'buildah',
  site: 'https://buildah.io',
  neededFor: 'the image: its test builds it',
  alsoIn: ['/usr/bin'],
};

export const TOOLS: readonly Tool[] = [NATS_SERVER, BUILDAH];
