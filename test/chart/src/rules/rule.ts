import type { Release } from '../release.ts';

/** What must hold in every release, whatever its values: a line for each breach. */
export type Rule = (release: Release) => readonly string[];
