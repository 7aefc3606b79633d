import { isMapping } from '../read-values.ts';
import type { Release } from '../release.ts';

/**
 * Fields that the types have and older servers do not, by the first minor version that heeds them by default. A server
 * that does not know a field drops it without a word, or refuses the whole.
 */
const SINCE: readonly (readonly [RegExp, number])[] = [
  [/\.lifecycle\.(preStop|postStart)\.sleep$/, 30],
  [/\.appArmorProfile$/, 30],
  [/\.trafficDistribution$/, 31],
  [/\.supplementalGroupsPolicy$/, 31],
  [/\.volumes\.\d+\.image$/, 33],
  [/^spec(\.template\.spec)?\.resources$/, 34],
  [/^spec(\.template\.spec)?\.hostUsers$/, 33],
  [/\.stopSignal$/, 34],
  [/\.restartPolicyRules$/, 35],
  [/\.initContainers\.\d+\.restartPolicy$/, 29],
  [/\.(scaleUp|scaleDown)\.tolerance$/, 35],
  [/\.fileKeyRef$/, 35],
  [/\.matchLabelKeys$/, 27],
  [/\.unhealthyPodEvictionPolicy$/, 27],
  [/\.containerResource$/, 27],
];

/** Uses nothing that is newer than the cluster. */
export function versions(release: Release, kubernetes: string): readonly string[] {
  const minor = Number(kubernetes.split('.')[1]);
  return release.objects.flatMap((object) =>
    paths(object, '').flatMap((path) =>
      SINCE.filter(([field, since]) => since > minor && field.test(path)).map(
        ([, since]) => `${object.kind} ${object.metadata.name}: ${path} came with 1.${since}`,
      ),
    ),
  );
}

function paths(node: unknown, path: string): string[] {
  const inner = Array.isArray(node) ? [...node.entries()] : isMapping(node) ? Object.entries(node) : [];
  return inner.flatMap(([step, value]) => {
    const own = path === '' ? String(step) : `${path}.${step}`;
    return [own, ...paths(value, own)];
  });
}
