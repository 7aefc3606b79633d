import type { Rule } from './rule.ts';

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Every version is exact, and the same everywhere: an update is one visible commit, never a surprise. */
export const pins: Rule = (tree) => {
  const uses = tree.manifests.flatMap(({ path, dependencies, devDependencies, optionalDependencies }) =>
    [dependencies, devDependencies, optionalDependencies].flatMap((kind) =>
      Object.entries(kind).map(([name, version]) => ({ path, name, version })),
    ),
  );
  const first = new Map(uses.toReversed().map((use) => [use.name, use]));
  return uses.flatMap(({ path, name, version }) => {
    if (!EXACT.test(version)) return [`${path}: ${name} is '${version}'; pin one version`];
    const other = first.get(name);
    return other === undefined || other.version === version
      ? []
      : [`${path}: ${name} is ${version}, but ${other.version} in ${other.path}`];
  });
};
