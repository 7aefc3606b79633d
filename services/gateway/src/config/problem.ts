/** Where a value stands in the config file: names of keys and positions in lists. */
export type Path = readonly (string | number)[];

/** One thing wrong (or doubtful) in a config. `problem` reads on from `path`: "weight" "must be at most 1000, is 2000". */
export interface Problem {
  readonly path: string;
  readonly problem: string;
  /** From 1; absent when the config did not come as text, or the problem has no place in it. */
  readonly line?: number;
  /** A secret could not be read here; where the node will run, it may be there. */
  readonly isUnread?: true;
}

/** The longest name a config may have. Whoever pastes a document into a key needs no copy of it in the log. */
const LONGEST_NAME = 200;

/** `providers.mistral.keys[1].weight`; names that are not plain words are quoted: `routes["*"]`. The root is "(config)". */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[a-z_$][\w$-]{0,79}$/i.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${quoted(step)}]`;
  }
  return text === '' ? '(config)' : text;
}

/** JSON quoting escapes line breaks and control characters, so that no name can forge a line of the log. */
export function quoted(name: string): string {
  return name.length > LONGEST_NAME ? `(${name.length} characters)` : JSON.stringify(name);
}

export function problemText({ path, problem, line }: Problem): string {
  return `${line === undefined ? '' : `line ${line}: `}${path} ${problem}`;
}
