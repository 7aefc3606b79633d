import { lineAt } from '../scan/scan-imports.ts';
import type { Rule } from './rule.ts';

const DEFAULT_EXPORT = /(?<![.\w$])export\s+default\b|(?<![.\w$])export\s*\{[^}]*\bas\s+default\b[^}]*\}/g;

/** More than this and the door shows the furniture; split the lib or hide more. */
const MAX_DOOR_LINES = 40;

/** A name is the same wherever it is used, and a package's door lists by name what stands behind it. */
export const exportsByName: Rule = (tree) =>
  tree.sources.flatMap(({ path, text, masked, imports }) => {
    const defaults = [...masked.matchAll(DEFAULT_EXPORT)].map(
      (match) => `${path}:${lineAt(text, match.index)}: no default exports`,
    );
    const stars = imports
      .filter(({ star }) => star)
      .map(({ line }) => `${path}:${line}: no export *; name what leaves`);
    const lines = text.trimEnd().split('\n').length;
    const isDoor = /^(?:libs|services)\/[^/]+\/src\/index\.ts$/.test(path);
    const wide =
      isDoor && lines > MAX_DOOR_LINES ? [`${path}: a public door of ${lines} lines; at most ${MAX_DOOR_LINES}`] : [];
    return [...defaults, ...stars, ...wide];
  });
