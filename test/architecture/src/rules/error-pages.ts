import type { Rule } from './rule.ts';

const REGISTER = 'libs/kernel/src/errors.ts';
const PAGE = 'docs/errors.md';

/** An entry of the register, as it is written: the code, then its status. */
const ENTRY = /^ {2}(?<code>GW_[A-Z0-9_]+): \{\s*status: (?<status>\d{3}),/gm;
/** A paragraph of the page: `### GW_BAD_JSON (400)`. */
const HEADING = /^#{2,4} `?(?<code>GW_[A-Z0-9_]+)`? \((?<status>\d{3})\)$/gm;
const ANY_CODE = /\bGW_[A-Z0-9_]+\b/g;

/** The register, its page and the code that throws speak of the same errors. */
export const errorPages: Rule = (tree) => {
  const entries = read(tree.files.get(REGISTER) ?? '', ENTRY);
  const paragraphs = read(tree.files.get(PAGE) ?? '', HEADING);
  const registered = new Map(entries);
  const described = new Map(paragraphs);
  const product = tree.sources.filter(({ isTest, path }) => !isTest && path !== REGISTER);
  return [
    ...(entries.length === 0 ? [`${REGISTER}: no entry found`] : []),
    ...repeated(entries).map((code) => `${REGISTER}: ${code} has two entries`),
    ...repeated(paragraphs).map((code) => `${PAGE}: ${code} has two paragraphs`),
    ...entries.filter(([code]) => !described.has(code)).map(([code]) => `${PAGE}: ${code} has no paragraph`),
    ...paragraphs.flatMap(([code, status]) => {
      const right = registered.get(code);
      if (right === undefined) return [`${PAGE}: ${code} is not in the register`];
      return right === status ? [] : [`${PAGE}: ${code} is said to be ${status}, the register says ${right}`];
    }),
    ...entries
      .filter(([code]) => !product.some(({ text }) => text.includes(`'${code}'`)))
      .map(([code]) => `${REGISTER}: nothing answers ${code}`),
    ...product.flatMap(({ path, text }) =>
      unknownCodes(text, registered).map((code) => `${path}: ${code} is not in the register`),
    ),
    ...[...tree.files]
      .filter(([path]) => path.endsWith('.md') && path !== PAGE)
      .flatMap(([path, text]) =>
        unknownCodes(text, registered).map((code) => `${path}: ${code} is not in the register`),
      ),
  ];
};

function read(text: string, pattern: RegExp): [string, string][] {
  return [...text.matchAll(pattern)].map((match) => [match.groups?.['code'] ?? '', match.groups?.['status'] ?? '']);
}

function repeated(pairs: readonly (readonly [string, string])[]): string[] {
  const codes = pairs.map(([code]) => code);
  return codes.filter((code, index) => codes.indexOf(code) !== index);
}

/** `GW_` followed by a blank or a star is a word about the family, not a code. */
function unknownCodes(text: string, registered: ReadonlyMap<string, string>): string[] {
  return [...new Set(text.match(ANY_CODE) ?? [])].filter((code) => !registered.has(code) && code !== 'GW_');
}
