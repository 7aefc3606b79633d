import type { Rule } from './rule.ts';

/** What an API server takes of a ConfigMap or a Secret. */
const MOST_BYTES = 1_048_576;

/** Everything fits: the longest is a dashboard. */
export const fitting: Rule = (release) =>
  release.objects
    .map(({ kind, metadata: { name }, ...object }) => ({
      name: `${kind} ${name}`,
      bytes: JSON.stringify(object).length,
    }))
    .filter(({ bytes }) => bytes > MOST_BYTES)
    .map(({ name, bytes }) => `${name} has ${bytes} bytes`);
