import type { Tree } from '../tree/tree.ts';

/** A wall of the house. Gives one sentence per breach, each beginning with the place; none means that it holds. */
export type Rule = (tree: Tree) => string[];
