import { maskSource } from './mask-source.ts';

/** One way in which a file names another: `import`, `export ... from`, a dynamic `import()` or `require()`. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it exists at run time. */
  readonly typeOnly: boolean;
  /** `export * from` or `export * as name from`. */
  readonly star: boolean;
}

const STATIC = /(?<![.\w$])(?<verb>import|export)\s+(?<clause>[\w$\s{},*]*?)\s*\bfrom\s*(?<quote>['"])/g;
const SIDE_EFFECT = /(?<![.\w$])import\s*(?<quote>['"])/g;
const DYNAMIC = /(?<![.\w$])(?:import|require|import\.meta\.resolve|require\.resolve)\s*\(\s*(?<quote>['"`])/g;

/**
 * Finds every import of a source text. The patterns run on the masked text (so that a comment or a string that shows an
 * import is none), the specifier is then read from the source at the same place. An `import()` of something computed
 * names no file and is not found.
 */
export function scanImports(source: string, masked: string = maskSource(source)): Import[] {
  const found: Import[] = [];
  for (const pattern of [STATIC, SIDE_EFFECT, DYNAMIC]) {
    for (const match of masked.matchAll(pattern)) {
      const quote = match.groups?.['quote'] ?? '';
      const start = match.index + match[0].length;
      const end = masked.indexOf(quote, start);
      if (end < 0) continue;
      const clause = match.groups?.['clause'] ?? '';
      found.push({
        specifier: source.slice(start, end),
        line: lineAt(source, match.index),
        typeOnly: isTypeOnly(clause),
        star: match.groups?.['verb'] === 'export' && clause.startsWith('*'),
      });
    }
  }
  return found.sort((one, other) => one.line - other.line);
}

export function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

function isTypeOnly(clause: string): boolean {
  if (/^type\s+[\w${*]/.test(clause)) return true;
  const named = /^\{(?<names>[^}]*)\}$/.exec(clause)?.groups?.['names'];
  const names = (named ?? '').split(',').filter((name) => name.trim() !== '');
  return names.length > 0 && names.every((name) => /^\s*type\s+\w/.test(name));
}
