/**
 * The programs of other projects that tests start, and where each comes from. One that is added here is found,
 * installed and reported like the others. What npm can install is no tool: it stands in a package.json.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Tool {
  readonly command: string;
  /** Debian's package; undefined for what Debian does not have. */
  readonly debianPackage?: string;
  /** For that: what `go install` builds, at one version. */
  readonly goPackage?: string;
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

/** Where `go install` puts what it builds, unless it is told otherwise. */
export const GO_TOOLS = join(homedir(), 'go/bin');

export const HELM: Tool = {
  command: 'helm',
  goPackage: 'helm.sh/helm/v3/cmd/helm@v3.19.0',
  site: 'https://helm.sh/docs/intro/install',
  neededFor: 'the tests of the chart',
  alsoIn: [GO_TOOLS],
};

const PROMETHEUS_SITE = 'https://prometheus.io/download/';

export const PROMETHEUS: Tool = {
  command: 'prometheus',
  debianPackage: 'prometheus',
  site: PROMETHEUS_SITE,
  neededFor: 'the alerts and dashboards in a storm',
  alsoIn: [],
};

export const PROMTOOL: Tool = {
  command: 'promtool',
  debianPackage: 'prometheus',
  site: PROMETHEUS_SITE,
  neededFor: 'the unit tests of recording rules and alerts',
  alsoIn: [],
};

export const ALERTMANAGER: Tool = {
  command: 'prometheus-alertmanager',
  debianPackage: 'prometheus-alertmanager',
  site: PROMETHEUS_SITE,
  neededFor: 'the delivery of alerts',
  alsoIn: [],
};

export const AMTOOL: Tool = {
  command: 'amtool',
  debianPackage: 'prometheus-alertmanager',
  site: PROMETHEUS_SITE,
  neededFor: 'the examples of Alertmanager’s receivers',
  alsoIn: [],
};

export const CHROMIUM: Tool = {
  command: 'chromium',
  debianPackage: 'chromium',
  site: 'https://www.chromium.org/getting-involved/download-chromium/',
  neededFor: 'the console’s tests',
  alsoIn: ['/usr/bin', '/Applications/Chromium.app/Contents/MacOS'],
};

export const TOOLS: readonly Tool[] = [
  NATS_SERVER,
  BUILDAH,
  HELM,
  PROMETHEUS,
  PROMTOOL,
  ALERTMANAGER,
  AMTOOL,
  CHROMIUM,
];
