/**
 * values.yaml as its readers see it: each value with the comment above it. README.md and values.schema.json follow from
 * this, so a value without a comment cannot be. The comments are read line by line: the file is ours and regular, and a
 * YAML parser hangs comments where it likes.
 *
 * A key whose inner keys have comments is a section; any other is a value, however deep its default is.
 */
import { parse } from 'yaml';

export interface Value {
  /** From the top: `autoscaling`, `minReplicas`. */
  readonly path: readonly string[];
  /** Empty for a section that explains itself. */
  readonly meaning: string;
  readonly isSection: boolean;
  readonly byDefault: unknown;
}

const KEY = /^(?<indent> *)(?<key>[A-Za-z]+):/;
const COMMENT = /^ *# ?(?<words>.*)$/;

export function readValues(text: string): readonly Value[] {
  const tree: unknown = parse(text);
  const commented = commentedKeys(text);
  const meanings = new Map(commented.map(({ path, meaning }) => [path.join('.'), meaning]));
  const isSection = (path: readonly string[]): boolean =>
    commented.some((other) => other.path.length > path.length && path.every((step, at) => other.path[at] === step));
  const walk = (node: unknown, path: readonly string[]): Value[] =>
    Object.entries(isMapping(node) ? node : {}).flatMap(([key, byDefault]) => {
      const own = [...path, key];
      const section = isSection(own);
      const meaning = meanings.get(own.join('.')) ?? '';
      if (meaning === '' && !section) throw new Error(`values.yaml: ${own.join('.')} has no comment above it`);
      return [{ path: own, meaning, isSection: section, byDefault }, ...(section ? walk(byDefault, own) : [])];
    });
  return walk(tree, []);
}

/** Every key right under a comment, with where it stands. */
function commentedKeys(text: string): { path: readonly string[]; meaning: string }[] {
  const found: { path: readonly string[]; meaning: string }[] = [];
  const above: { indent: number; key: string }[] = [];
  let words: string[] = [];
  for (const line of text.split('\n')) {
    const comment = COMMENT.exec(line)?.groups?.['words'];
    if (comment !== undefined) {
      words.push(comment);
      continue;
    }
    const { indent, key } = KEY.exec(line)?.groups ?? {};
    if (indent !== undefined && key !== undefined) {
      while ((above.at(-1)?.indent ?? -1) >= indent.length) above.pop();
      above.push({ indent: indent.length, key });
      if (words.length > 0) found.push({ path: above.map((step) => step.key), meaning: words.join(' ') });
    }
    words = [];
  }
  return found;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
