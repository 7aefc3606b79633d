import type { Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

/** Where the sections of the config file are described, by the name that papers and messages use for each. */
const SECTIONS: Readonly<Record<string, string>> = {
  listen: 'services/gateway/src/config/schema.ts',
  auth: 'services/gateway/src/config/schema.ts',
  limits: 'services/gateway/src/config/schema.ts',
  timeouts: 'libs/failover/src/options.ts',
  retries: 'libs/failover/src/options.ts',
  breaker: 'libs/upstream/src/options.ts',
  telemetry: 'libs/telemetry/src/options.ts',
};

const NAMED = new RegExp(
  `(?<![\\w./-])(?<section>${Object.keys(SECTIONS).join('|')})\\.(?<key>[a-z][A-Za-z]*)(?![\\w(/])`,
  'g',
);

/**
 * A config key that a paper or an error's advice names is one that the code reads. A key that is only written down is
 * the worst kind of documentation: following it changes nothing.
 */
export const configKeys: Rule = (tree) => [
  ...[...tree.files]
    .filter(([path]) => path.endsWith('.md'))
    .flatMap(([path, text]) => unknownKeys(tree, path, inlineCode(text))),
  ...['libs/kernel/src/errors.ts', 'libs/telemetry/src/catalogue.ts'].flatMap((path) =>
    unknownKeys(tree, path, tree.files.get(path) ?? ''),
  ),
];

function unknownKeys(tree: Tree, path: string, text: string): string[] {
  return [...text.matchAll(NAMED)].flatMap((match) => {
    const { section = '', key = '' } = match.groups ?? {};
    const schema = SECTIONS[section] ?? '';
    const known = new RegExp(`^\\s+${key}:`, 'm').test(tree.files.get(schema) ?? '');
    return known ? [] : [`${path}: ${section}.${key} is not in ${schema}`];
  });
}

function inlineCode(text: string): string {
  return [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`(?<code>[^`\n]+)`/g)]
    .map((match) => match.groups?.['code'] ?? '')
    .join('\n');
}
