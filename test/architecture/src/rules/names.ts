import { lineAt } from '../scan/scan-imports.ts';
import type { Rule } from './rule.ts';

/** Words that say nothing of what is inside, or that the vocabulary (ARCHITECTURE.md) has another word for. */
const FORBIDDEN_WORDS = new Set(
  ['util', 'helper', 'common', 'type', 'shared', 'manager', 'misc', 'endpoint', 'host', 'backend', 'strategy', 'impl']
    .flatMap((word) => [word, `${word}s`])
    .concat(['strategies']),
);
/** Empty as a last word ("usage-data"), though not always as an earlier one ("data-port"). */
const EMPTY_LAST_WORDS = new Set(['data', 'info', 'base']);

const DECLARED =
  /\b(?:class|interface|type)\s+(?<name>[A-Z]\w*?(?:Manager|Helper|Utils?|Common|Impl|Data|Info|Strategy|Backend|Endpoint))\b(?=[\s<={])/g;
const I_PREFIXED = /\binterface\s+(?<name>I[A-Z]\w*)\b/g;

/** Enough for one thing with its reasons. A file that grows past it holds two things. */
const MAX_SOURCE_LINES = 400;

/** kebab-case, the vocabulary's words, one thing per file. */
export const names: Rule = (tree) =>
  tree.sources.flatMap(({ path, text, masked, isTest }) => {
    const breaches: string[] = [];
    const parts = path.replace(/(?:(?:\.[a-z]+)?\.test|\.contract|\.generated)?\.tsx?$/, '').split('/');
    if (!parts.every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part))) breaches.push(`${path}: not kebab-case`);
    for (const part of parts) {
      const words = part.split('-');
      const bad =
        words.find((word) => FORBIDDEN_WORDS.has(word)) ?? words.slice(-1).find((word) => EMPTY_LAST_WORDS.has(word));
      if (bad !== undefined) breaches.push(`${path}: '${bad}' is not a word of this house`);
    }
    for (const match of [...masked.matchAll(DECLARED), ...masked.matchAll(I_PREFIXED)]) {
      breaches.push(
        `${path}:${lineAt(text, match.index)}: '${match.groups?.['name'] ?? ''}' is not a name of this house`,
      );
    }
    const lines = text.trimEnd().split('\n').length;
    if (!isTest && lines > MAX_SOURCE_LINES) breaches.push(`${path}: ${lines} lines; at most ${MAX_SOURCE_LINES}`);
    return breaches;
  });
