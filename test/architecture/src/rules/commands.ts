import type { Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

/** npm's own verbs that papers may name without a script of that name. */
const NPM_VERBS = new Set(['ci', 'install', 'run', 'exec']);

/** What the papers tell a reader to type can be typed, and CI runs what the README says and nothing else. */
export const commands: Rule = (tree) => {
  const scripts = tree.manifests.find(({ folder }) => folder === '')?.scripts ?? {};
  const tools = new Set(tree.manifests.flatMap(({ bin }) => Object.keys(bin)));
  const papers = [...tree.files].filter(([path]) => path.endsWith('.md') && !path.includes('CHANGELOG'));
  return [
    ...papers.flatMap(([path, text]) =>
      [...shell(text).matchAll(/\bnpm (?:run )?(?<script>[a-z][\w:-]*)/g)]
        .map((match) => match.groups?.['script'] ?? '')
        .filter((script) => !NPM_VERBS.has(script) && scripts[script] === undefined)
        .map((script) => `${path}: there is no script '${script}'`),
    ),
    ...papers.flatMap(([path, text]) =>
      [...shell(text).matchAll(/\bnpx (?<tool>[\w@/-]+)/g)]
        .map((match) => match.groups?.['tool'] ?? '')
        .filter((tool) => !tools.has(tool))
        .map((tool) => `${path}: no package here has the command '${tool}'`),
    ),
    ...scriptFiles(tree, scripts),
    ...ciRun(tree),
  ];
};

/** The parts of a paper that are code: fenced blocks and `inline`. */
function shell(text: string): string {
  return [...text.matchAll(/```(?:sh|bash)?\n(?<block>[\s\S]*?)```|`(?<inline>[^`\n]+)`/g)]
    .map((match) => match.groups?.['block'] ?? match.groups?.['inline'] ?? '')
    .join('\n');
}

function scriptFiles(tree: Tree, scripts: Readonly<Record<string, string>>): string[] {
  return Object.entries(scripts).flatMap(([name, line]) =>
    [...line.matchAll(/(?<file>\S+\.ts)\b/g)]
      .map((match) => match.groups?.['file'] ?? '')
      .filter((file) => !tree.files.has(file))
      .map((file) => `package.json: the script '${name}' runs ${file}, which does not exist`),
  );
}

function ciRun(tree: Tree): string[] {
  const readme = tree.files.get('README.md') ?? '';
  const told = [...readme.matchAll(/```sh\n(?<block>[\s\S]*?)```/g)]
    .flatMap((match) => (match.groups?.['block'] ?? '').split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .find((line) => /\bnpm test\b/.test(line));
  if (told === undefined) return ['README.md: no sh block says how to run the tests'];
  const runs = (tree.files.get('.ci/run') ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(?:#|set )/.test(line));
  return runs.length === 1 && runs[0] === told ? [] : [`.ci/run: must run exactly '${told}', as README.md says`];
}
