import { lineAt } from '../scan/scan-imports.ts';
import type { Rule } from './rule.ts';

/**
 * Time, chance and the environment are parameters (Clock, Rng, config): a lib that reads them by itself can neither be
 * tested exactly nor run in the storms' virtual minutes. The lint says the same at the keyboard; this also sees what a
 * lint rule for names does not, and cannot be switched off by a comment.
 */
const TIME_AND_CHANCE =
  /(?<![.\w$])(?:Date\.now\b|new\s+Date\s*(?:\(\s*\)|(?![\s(\w]))|(?:setTimeout|setInterval)\b|performance\.now\b|Math\.random\b|AbortSignal\.timeout\b|process\.hrtime\b)/g;
const TIMER_MODULES = new Set(['node:timers', 'node:timers/promises']);
const CLOCK_AND_RNG = new Set(['libs/kernel/src/clock.ts', 'libs/kernel/src/rng.ts']);

const ENVIRONMENT = /(?<![.\w$])process\s*(?:\.\s*env\b|\[)|\benv\b[^=;]*\}\s*=\s*process\b/g;
const ENVIRONMENT_READERS = new Set(['services/gateway/src/config/environment.ts', 'services/mistral-sim/src/cli.ts']);

export const hiddenInputs: Rule = (tree) =>
  tree.sources
    .filter(({ isTest }) => !isTest)
    .flatMap(({ path, text, masked, imports }) => {
      const found = (pattern: RegExp): string[] =>
        [...masked.matchAll(pattern)].map(
          (match) => `${path}:${lineAt(text, match.index)}: ${match[0].trim()} is a hidden input`,
        );
      const environment = ENVIRONMENT_READERS.has(path) ? [] : found(ENVIRONMENT);
      const fromProcess = imports
        .filter(({ specifier }) => specifier === 'node:process')
        .map(({ line }) => `${path}:${line}: use the global process, where its env is seen`);
      if (!path.startsWith('libs/') || CLOCK_AND_RNG.has(path)) return [...environment, ...fromProcess];
      const timers = imports
        .filter(({ specifier }) => TIMER_MODULES.has(specifier))
        .map(({ specifier, line }) => `${path}:${line}: ${specifier} is a hidden input`);
      return [...environment, ...fromProcess, ...found(TIME_AND_CHANCE), ...timers];
    });
