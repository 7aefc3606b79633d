/**
 * Blanks whatever is not code: comments, and the insides of strings, templates and regular expressions. Every character
 * keeps its place (a blank for each, line breaks stay), so that a match in the mask points into the source, and a rule
 * that looks for `Date.now` is not fooled by a sentence that speaks of it. What stands in `${...}` of a template is code.
 *
 * Why by hand: TypeScript 7 has no JavaScript API, and a full parser is a dependency for what four patterns do.
 * The one guess is where a `/` begins a regular expression: it does unless something that has a value stands before it.
 */
const LEXEME =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")|(?<word>[\w$]+)|(?<space>\s+)|(?<sign>[\s\S])/y;
const REGULAR_EXPRESSION = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{|$)/y;

/** After these words an expression begins, so a slash there opens a regular expression. */
const EXPRESSION_FOLLOWS = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'void',
  'throw',
  'else',
  'do',
  'await',
  'yield',
]);

export function maskSource(text: string): string {
  const masked: string[] = [];
  /** For each template whose `${` is open: how many braces are open inside it. */
  const templates: number[] = [];
  let before = '';
  let at = 0;

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  const hideTemplateText = (): void => {
    const [piece = ''] = take(TEMPLATE_TEXT) ?? [];
    const closing = piece.endsWith('${') ? '${' : piece.endsWith('`') ? '`' : '';
    masked.push(blank(piece.slice(0, piece.length - closing.length)), closing);
    if (closing === '${') templates.push(0);
    before = closing === '${' ? '{' : '`';
  };

  while (at < text.length) {
    if (text[at] === '/' && opensRegularExpression(text, at, before)) {
      const found = take(REGULAR_EXPRESSION);
      if (found !== null) {
        masked.push(hideInside(found[0]));
        before = '/word';
        continue;
      }
    }
    const lexeme = take(LEXEME);
    if (lexeme === null) break;
    const [whole] = lexeme;
    if (lexeme.groups?.['comment'] !== undefined) masked.push(blank(whole));
    else if (lexeme.groups?.['quoted'] !== undefined) masked.push(hideInside(whole));
    else masked.push(whole);

    if (whole === '`') hideTemplateText();
    else if (whole === '}' && templates.at(-1) === 0) {
      templates.pop();
      hideTemplateText();
    } else {
      const open = templates.length - 1;
      if (whole === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      if (whole === '}' && open >= 0) templates[open] = (templates[open] ?? 0) - 1;
      if (whole.trim() !== '' && lexeme.groups?.['comment'] === undefined) before = whole;
    }
  }
  return masked.join('');
}

function opensRegularExpression(text: string, at: number, before: string): boolean {
  if (text[at + 1] === '/' || text[at + 1] === '*') return false;
  if (EXPRESSION_FOLLOWS.has(before)) return true;
  return !/[\w$)\]`'"]$/.test(before);
}

function blank(piece: string): string {
  return piece.replaceAll(/[^\n]/g, ' ');
}

function hideInside(piece: string): string {
  return piece.slice(0, 1) + blank(piece.slice(1, -1)) + piece.slice(-1);
}
