import { dirname, join } from 'node:path/posix';
import { isTestPath, type Manifest, manifestOf, type Source, type Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

type Layer = 'platform' | 'domain' | 'service' | 'test';

/** What product code of a layer may import. Tests may import anything: they stand outside the house and look in. */
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  platform: ['platform'],
  domain: ['domain', 'platform'],
  service: ['domain', 'platform'],
  test: ['service', 'domain', 'platform', 'test'],
};

/** Libs of one layer that must not know each other: what they share is plain data. */
const STRANGERS: readonly (readonly [string, string])[] = [
  ['libs/balancer', 'libs/upstream'],
  ['libs/cluster', 'libs/wire'],
  ['libs/cluster', 'libs/telemetry'],
  ['libs/cluster', 'libs/upstream'],
  ['libs/cluster', 'libs/balancer'],
  ['libs/cluster', 'libs/failover'],
];

/** Imports point down: service → domain → platform. Testkit is for tests, and only the door of a package is open. */
export const layers: Rule = (tree) => [
  ...tree.manifests.filter((manifest) => manifest.folder !== '').flatMap(tagBreaches),
  ...tree.sources.flatMap((source) => importBreaches(tree, source)),
];

function tagBreaches(manifest: Manifest): string[] {
  const layer = layerOf(manifest);
  if (layer === undefined)
    return [
      `${manifest.path}: nx.tags must hold exactly one of layer:platform, layer:domain, layer:service, layer:test`,
    ];
  const top = manifest.folder.split('/')[0];
  const right = top === 'services' ? layer === 'service' : top === 'test' ? layer === 'test' : layer !== 'service';
  return right ? [] : [`${manifest.path}: layer:${layer} does not belong under ${top}/`];
}

function layerOf(manifest: Manifest): Layer | undefined {
  const found = manifest.tags.filter((tag) => tag.startsWith('layer:')).map((tag) => tag.slice('layer:'.length));
  const [layer] = found;
  if (found.length !== 1) return undefined;
  return layer === 'platform' || layer === 'domain' || layer === 'service' || layer === 'test' ? layer : undefined;
}

function importBreaches(tree: Tree, source: Source): string[] {
  const from = manifestOf(tree, source.path);
  if (from === undefined) return [`${source.path}: belongs to no package`];
  return source.imports.flatMap(({ specifier, line }) => {
    const place = `${source.path}:${line}`;
    if (specifier.startsWith('.')) {
      const target = join(dirname(source.path), specifier);
      if (!target.startsWith(`${from.folder}/`)) {
        return [`${place}: '${specifier}' leaves the package; import it by its name`];
      }
      return !source.isTest && isTestPath(target) ? [`${place}: product code must not import a test's file`] : [];
    }
    const to = tree.manifests.find(
      ({ name }) => name !== '' && (specifier === name || specifier.startsWith(`${name}/`)),
    );
    if (to === undefined || to.folder === '') return [];
    if (specifier !== to.name) return [`${place}: '${specifier}' goes past the public door of ${to.name}`];
    return directionBreaches(source, from, to).map((breach) => `${place}: ${breach}`);
  });
}

function directionBreaches(source: Source, from: Manifest, to: Manifest): string[] {
  const strangers = STRANGERS.some((pair) => pair.includes(from.folder) && pair.includes(to.folder) && from !== to);
  if (strangers) return [`${from.folder} and ${to.folder} do not know each other`];
  if (source.isTest) return [];
  const fromLayer = layerOf(from);
  const toLayer = layerOf(to);
  if (fromLayer === undefined || toLayer === undefined) return [];
  return MAY_IMPORT[fromLayer].includes(toLayer) ? [] : [`a ${fromLayer} must not import a ${toLayer} (${to.name})`];
}
