/** What helm rendered: the objects by kind, and the few things of them that several rules ask for. */
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parse, parseAllDocuments } from 'yaml';
import type { Kinds } from './kinds.ts';
import { isMapping } from './read-values.ts';

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly [key: string]: unknown;
}

export type Labels = Readonly<Record<string, string>>;

/** Pods as a workload makes them, or one that stands by itself. */
export interface Pods {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'Pod';
  readonly labels: Labels;
  readonly spec: IPodSpec;
  readonly containers: readonly IContainer[];
}

/** The part of the mounted config that rules look at; `leeward check` has judged the whole. */
export interface MountedConfig {
  readonly listen?: { readonly adminTls?: object };
  readonly auth?: unknown;
  readonly admin?: unknown;
  readonly providers: Readonly<Record<string, { readonly baseUrl: string }>>;
  readonly routes: Readonly<Record<string, { readonly timeouts?: { readonly totalMs?: number } }>>;
  readonly limits: { readonly drainMs: number };
  readonly telemetry?: { readonly otlp?: { readonly endpoint: string } };
  readonly cluster?: { readonly nats: { readonly servers: readonly string[] } };
}

export class Release {
  readonly objects: readonly Rendered[];

  constructor(objects: readonly Rendered[]) {
    this.objects = objects;
  }

  /** Throws on anything but YAML that means one thing: a repeated key is an error, as it is for an API server. */
  static read(text: string): Release {
    // Kubernetes reads YAML 1.1, where 0440 is octal.
    const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: true, merge: false });
    const objects = documents.flatMap((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      const object: unknown = document.toJS();
      if (object === null) return [];
      if (!isRendered(object)) throw new Error(`not an object of Kubernetes: ${String(document)}`);
      return [object];
    });
    return new Release(objects);
  }

  /** Their types hold once judge.ts has judged them. */
  all<Kind extends keyof Kinds>(kind: Kind): readonly (Kinds[Kind] & Rendered)[] {
    return this.objects.filter(
      (object): object is Kinds[Kind] & Rendered => `${object.apiVersion} ${object.kind}` === kind,
    );
  }

  pods(): readonly Pods[] {
    const made = [...this.all('apps/v1 Deployment'), ...this.all('apps/v1 StatefulSet')].map((workload) => ({
      name: workload.metadata.name,
      kind: workload.kind,
      labels: workload.spec?.template?.metadata?.labels ?? {},
      spec: workload.spec?.template?.spec,
    }));
    const alone = this.all('v1 Pod').map((pod) => ({
      name: pod.metadata.name,
      kind: pod.kind,
      labels: pod.metadata.labels ?? {},
      spec: pod.spec,
    }));
    return [...made, ...alone].flatMap(({ spec, ...rest }) =>
      spec === undefined ? [] : [{ ...rest, spec, containers: spec.containers }],
    );
  }

  gateway(): Pods {
    const found = this.pods().find((pods) => pods.containers.some(({ name }) => name === 'leeward'));
    if (found === undefined) throw new Error('there is no gateway');
    return found;
  }

  configText(): string {
    const [text] = this.all('v1 ConfigMap').flatMap(({ data }) => data?.['leeward.yaml'] ?? []);
    if (text === undefined) throw new Error('there is no leeward.yaml');
    return text;
  }

  config(): MountedConfig {
    return parse(this.configText()) as MountedConfig;
  }
}

function isRendered(object: unknown): object is Rendered {
  if (!isMapping(object) || !isMapping(object['metadata'])) return false;
  return [object['apiVersion'], object['kind'], object['metadata']['name']].every((word) => typeof word === 'string');
}
