/**
 * The text of a config file (YAML 1.2, so JSON too) to plain values and the line of each. The tree is walked here
 * rather than by the parser's own `toJS`, for three reasons. Each value's line is known on the way. An alias bomb, a
 * cycle or a tower of brackets meets a bound instead of the memory's end. A key written twice is found in linear time,
 * with its path. The parser's own messages quote the text, which may hold a secret, so its codes are put into words of
 * ours.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Document,
  parseDocument,
  type ErrorCode,
} from 'yaml';
import { type Path, pathText, type Problem } from './problem.ts';

/** A config for hundreds of keys has some 50 KiB. Twenty times that is a mistake, or an attack on the parser. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** Every value after aliases are expanded: 10,000 client keys of three values each fit. */
const MAX_VALUES = 100_000;

/** The deepest known key lies at eight. */
const MAX_DEPTH = 32;

/** Sharing a block of timeouts between routes takes a few; each use costs a walk to its anchor. */
const MAX_ALIASES = 100;

/** After a first syntax error the parser is guessing; a few more may help, a thousand do not. */
const MAX_SYNTAX_PROBLEMS = 5;

export type DocumentResult =
  | { readonly kind: 'ok'; readonly value: unknown; readonly lineOf: LineOf; readonly problems: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** The line of the value at a path; of its nearest parent that is there when it is not. */
export type LineOf = (path: Path) => number | undefined;

export function readDocument(bytes: Uint8Array): DocumentResult {
  if (bytes.length > MAX_CONFIG_BYTES) {
    return refusedWhole(`must be at most ${MAX_CONFIG_BYTES} bytes, is ${bytes.length} or more`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refusedWhole('must be UTF-8 text, is not');
  }
  return readText(text);
}

function readText(text: string): DocumentResult {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { prettyErrors: false, lineCounter: lines, uniqueKeys: false });
  } catch {
    // The parser throws only when it meets its own limits (a call stack full of brackets); there is no line to name.
    return refusedWhole('cannot be read as YAML: it is nested too deeply');
  }
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map(({ code, pos }): Problem => {
      return { path: '(config)', problem: `is not valid YAML: ${SYNTAX[code]}`, line: lines.linePos(pos[0]).line };
    });
    return { kind: 'refused', problems: firstOfEachLine(problems).slice(0, MAX_SYNTAX_PROBLEMS) };
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return refusedWhole('is empty: it needs at least providers and routes');
  }
  const walk = new Walk(document, lines);
  const value = walk.read(document.contents, []);
  if (walk.exceeded !== undefined) return { kind: 'refused', problems: [walk.exceeded] };
  return { kind: 'ok', value, lineOf: (path) => walk.lineOf(path), problems: walk.problems };
}

/** The state of one walk over a tree: what was found so far, and how much of each bound is used up. */
class Walk {
  readonly problems: Problem[] = [];
  exceeded: Problem | undefined;
  readonly #document: Document.Parsed;
  readonly #counter: LineCounter;
  readonly #lines = new Map<string, number>();
  #values = 0;
  #aliases = 0;

  constructor(document: Document.Parsed, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  lineOf(path: Path): number | undefined {
    for (let length = path.length; length >= 0; length--) {
      const line = this.#lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }

  read(node: unknown, path: Path): unknown {
    if (this.exceeded !== undefined) return undefined;
    if (++this.#values > MAX_VALUES) return this.#exceed(path, `must have at most ${MAX_VALUES} values, has more`);
    if (path.length > MAX_DEPTH) return this.#exceed(path, `must be nested at most ${MAX_DEPTH} deep, is deeper`);
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      if (++this.#aliases > MAX_ALIASES)
        return this.#exceed(path, `must use at most ${MAX_ALIASES} aliases, uses more`);
      const target = node.resolve(this.#document);
      if (target === undefined) return this.#refuse(node, path, 'is an alias of an anchor that does not exist');
      this.#note(node, path);
      return this.read(target, path);
    }
    if (isMap(node)) return this.#readMap(node, node.items, path);
    if (isSeq(node)) {
      this.#note(node, path);
      return node.items.map((item, index) => this.read(item, [...path, index]));
    }
    if (isScalar(node)) {
      this.#note(node, path);
      const { value } = node;
      if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
    }
    return this.#refuse(undefined, path, 'must be text, a number, true, false, a list or a mapping');
  }

  #readMap(node: Node, items: readonly { key: unknown; value: unknown }[], path: Path): Record<string, unknown> {
    this.#note(node, path);
    const entries = new Map<string, unknown>();
    for (const item of items) {
      const key = keyText(item.key);
      if (key === undefined) {
        this.#refuse(undefined, path, 'has a key that is not a plain word');
        continue;
      }
      const inner = [...path, key];
      if (entries.has(key)) this.#refuse(item.key, inner, 'is written twice; only one of them can count');
      else this.#note(item.key, inner);
      entries.set(key, this.read(item.value, inner));
    }
    // `fromEntries` defines properties, so that even a key named `__proto__` is only a key.
    return Object.fromEntries(entries);
  }

  /** The first note of a path wins: a key's line is better than that of a value which begins on the next. */
  #note(node: unknown, path: Path): void {
    const key = JSON.stringify(path);
    const line = this.#lineOfNode(node);
    if (line !== undefined && !this.#lines.has(key)) this.#lines.set(key, line);
  }

  #lineOfNode(node: unknown): number | undefined {
    if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
    return node.range ? this.#counter.linePos(node.range[0]).line : undefined;
  }

  #refuse(node: unknown, path: Path, problem: string): undefined {
    const line = this.#lineOfNode(node) ?? this.lineOf(path);
    this.problems.push({ path: pathText(path), problem, ...(line === undefined ? {} : { line }) });
  }

  #exceed(path: Path, problem: string): undefined {
    const line = this.lineOf(path);
    // The path itself may be a tower; its first steps say where it stands.
    this.exceeded = { path: pathText(path.slice(0, 4)), problem, ...(line === undefined ? {} : { line }) };
  }
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  return typeof value === 'string' ? value : typeof value === 'number' ? (key.source ?? String(value)) : undefined;
}

function firstOfEachLine(problems: readonly Problem[]): Problem[] {
  const seen = new Set<number | undefined>();
  return problems.filter(({ line }) => !seen.has(line) && seen.add(line));
}

function refusedWhole(problem: string): DocumentResult {
  return { kind: 'refused', problems: [{ path: '(config)', problem }] };
}

const SYNTAX: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag of its own',
  BAD_ALIAS: 'an alias or anchor has no proper name',
  BAD_COLLECTION_TYPE: 'a tag does not fit the list or mapping it stands before',
  BAD_DIRECTIVE: 'a directive (a line that begins with %) is unknown or malformed',
  BAD_DQ_ESCAPE: 'an escape in double quotes is unknown; use single quotes to mean a backslash',
  BAD_INDENT: 'the indentation is wrong, or a bracket is not closed',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'a value begins with a character that must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping stands where one value is expected; quote a value that contains ": "',
  BLOCK_IN_FLOW: 'an indented block stands inside brackets',
  DUPLICATE_KEY: 'a key is written twice',
  IMPOSSIBLE: 'it cannot be understood here',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a quote, bracket, comma, colon or space is missing',
  MULTILINE_IMPLICIT_KEY: 'a key reaches over several lines; is a colon missing?',
  MULTIPLE_ANCHORS: 'a value has several anchors',
  MULTIPLE_DOCS: 'there is more than one document (a line of ---)',
  MULTIPLE_TAGS: 'a value has several tags',
  NON_STRING_KEY: 'a key is not text',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!name) is unknown',
  UNEXPECTED_TOKEN: 'something stands where nothing is expected',
};
