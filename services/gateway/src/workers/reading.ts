/**
 * A config as it was read: the bytes of every file, kept together. The primary reads and judges a config once; what it
 * accepted goes to the workers as these bytes, so that all of them run the same one, whatever happens to the files
 * meanwhile, and one that starts later runs it too. (Settings themselves do not travel: their secrets are in private
 * fields, which nothing copies.)
 */
import { z } from 'zod';
import type { Environment } from '../config/environment.ts';
import type { ReadFile } from '../config/files.ts';
import { type ConfigInput, type ConfigResult, loadConfig } from '../config/load.ts';

export const readingSchema = z.object({
  input: z.union([z.object({ path: z.string() }), z.object({ text: z.string() })]),
  env: z.record(z.string(), z.union([z.string(), z.undefined()])),
  /** By path: what the file held, or the code of the error that reading it gave. */
  files: z.map(z.string(), z.union([z.custom<Uint8Array>((held) => held instanceof Uint8Array), z.string()])),
});

export type Reading = z.output<typeof readingSchema>;

/** Reads files and remembers what they held. */
export class Recorder {
  readonly #readFile: ReadFile;
  readonly #files = new Map<string, Uint8Array | string>();

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  readonly readFile: ReadFile = async (path, maxBytes) => {
    try {
      const bytes = await this.#readFile(path, maxBytes);
      this.#files.set(path, bytes);
      return bytes;
    } catch (error) {
      this.#files.set(path, error instanceof Error && 'code' in error ? String(error.code) : 'EIO');
      throw error;
    }
  };

  /** What the last load read, and no file that an earlier one did. */
  reading(input: ConfigInput, env: Environment, { sources }: ConfigResult): Reading {
    for (const path of this.#files.keys()) if (!sources.has(path)) this.#files.delete(path);
    return { input, env: { ...env }, files: new Map(this.#files) };
  }
}

/** The same result as the load that was recorded. */
export function loadReading({ input, env, files }: Reading): Promise<ConfigResult> {
  const readFile: ReadFile = (path) => {
    const held = files.get(path) ?? 'ENOENT';
    if (typeof held !== 'string') return Promise.resolve(held);
    return Promise.reject(Object.assign(new Error(`${path} could not be read`), { code: held }));
  };
  return loadConfig(input, { env, readFile });
}
