import { dirname, join } from 'node:path/posix';
import type { Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

/**
 * No file needs itself by way of others, types included: two files that import each other's types are one thing cut in
 * two. Packages likewise, by what they declare (tests apart).
 */
export const cycles: Rule = (tree) => [
  ...circles(fileGraph(tree)).map((circle) => `files in a circle: ${circle.join(' → ')}`),
  ...circles(packageGraph(tree)).map((circle) => `packages in a circle: ${circle.join(' → ')}`),
];

type Graph = ReadonlyMap<string, readonly string[]>;

function fileGraph(tree: Tree): Graph {
  const doors = new Map(tree.manifests.map(({ name, folder }) => [name, `${folder}/src/index.ts`]));
  return new Map(
    tree.sources.map(({ path, imports }) => [
      path,
      imports.map(({ specifier }) =>
        specifier.startsWith('.') ? join(dirname(path), specifier) : (doors.get(specifier) ?? specifier),
      ),
    ]),
  );
}

function packageGraph(tree: Tree): Graph {
  return new Map(tree.manifests.map(({ name, dependencies }) => [name, Object.keys(dependencies)]));
}

/** Depth first: meeting a place that is still open closes a circle. Each circle is found once, from where it is entered. */
function circles(graph: Graph): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (place: string): void => {
    const start = open.indexOf(place);
    if (start >= 0) {
      found.push([...open.slice(start), place]);
      return;
    }
    if (done.has(place)) return;
    open.push(place);
    for (const next of graph.get(place) ?? []) visit(next);
    open.pop();
    done.add(place);
  };
  for (const place of graph.keys()) visit(place);
  return found;
}
