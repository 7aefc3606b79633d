import { dirname, join } from 'node:path/posix';
import { exists, type Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

const LINK = /\[[^\]]*\]\((?<target>[^)\s]+)\)/g;
const TABLE_ROW = /^\|(?<change>[^|]+)\|(?<place>[^|]+)\|/;

/** Papers point at what exists: links resolve, headings included, and ARCHITECTURE.md sends a reader to real files. */
export const papers: Rule = (tree) => [
  ...[...tree.files].filter(([path]) => path.endsWith('.md')).flatMap(([path, text]) => deadLinks(tree, path, text)),
  ...architectureTable(tree),
];

function deadLinks(tree: Tree, path: string, text: string): string[] {
  return [...withoutCode(text).matchAll(LINK)]
    .map((match) => match.groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .flatMap((target) => {
      const [file = '', anchor] = target.split('#');
      const place = file === '' ? path : join(dirname(path), file);
      if (!exists(tree, place)) return [`${path}: the link ${target} leads nowhere`];
      if (anchor === undefined || headings(tree.files.get(place) ?? '').includes(anchor)) return [];
      return [`${path}: the link ${target} names a heading that is not there`];
    });
}

/** The rows under a heading cell that says "go to": each path in backticks in its second column is a file or a folder. */
function architectureTable(tree: Tree): string[] {
  const lines = (tree.files.get('ARCHITECTURE.md') ?? '').split('\n');
  const start = lines.findIndex((line) => /^\|.*\|\s*go to\s*\|/i.test(line));
  if (start < 0) return ['ARCHITECTURE.md: no table says where to go to change what'];
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).flatMap((row) => {
    const places = [...(TABLE_ROW.exec(row)?.groups?.['place'] ?? '').matchAll(/`(?<place>[^`]+)`/g)].map(
      (match) => match.groups?.['place'] ?? '',
    );
    if (places.length === 0) return [`ARCHITECTURE.md: a row names no place: ${row}`];
    return places.filter((place) => !exists(tree, place)).map((place) => `ARCHITECTURE.md: ${place} does not exist`);
  });
}

function withoutCode(text: string): string {
  return text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '');
}

/** A heading's anchor, as code hosts make it: small letters, no punctuation, hyphens for blanks. */
function headings(text: string): string[] {
  return [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (?<title>.+)$/gm)].map((match) =>
    (match.groups?.['title'] ?? '')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
