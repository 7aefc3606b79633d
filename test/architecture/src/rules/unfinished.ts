import { lineAt } from '../scan/scan-imports.ts';
import type { Rule } from './rule.ts';

/** A skipped test is a promise that nobody checks. */
const SKIPPED =
  /\b(?:it|test|describe|suite|bench|ctx|context|task)(?:\.\w+)*\.(?:skip|todo|only|skipIf|runIf|fails)\b|\bx(?:it|test|describe)\s*\(/g;
/** A mark in a comment instead of the thing itself, or a check that is told to look away. */
const LATER = /\b(?:TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|nocheck|expect-error)\b/g;

/** What is here is whole: no test skipped, nothing left for later, no type check silenced. */
export const unfinished: Rule = (tree) =>
  tree.sources.flatMap(({ path, text, masked, isTest }) => {
    const at = (match: RegExpExecArray): string => `${path}:${lineAt(text, match.index)}: ${match[0]}`;
    const skipped = isTest ? [...masked.matchAll(SKIPPED)].map(at) : [];
    // In a comment only: where the mask is blank and the text is not. A string that says so is data.
    const later = [...text.matchAll(LATER)].filter((match) => inComment(text, masked, match.index)).map(at);
    return [...skipped, ...later];
  });

function inComment(text: string, masked: string, offset: number): boolean {
  if (masked[offset] !== ' ') return false;
  const lineStart = text.lastIndexOf('\n', offset) + 1;
  const before = text.slice(lineStart, offset);
  return /^\s*(?:\/\/|\/\*|\*)|\/\/|\/\*/.test(before) && !/['"`][^'"`]*$/.test(before.replace(/\/[/*].*$/, ''));
}
