/** A thing that is measured: something that passes requests on to the bench's upstream. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Processes } from '../processes.ts';

export const SUBJECT_NAMES = ['direct', 'nginx', 'haproxy', 'portkey', 'litellm', 'smg', 'leeward'] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

export interface Bed {
  processes: Processes;
  /** For config files, sockets and temporary files of the subject. */
  dir: string;
  /** The subject's core. */
  core: number;
  upstreamPort: number;
  otlpPort: number;
  upstreamPid: number;
}

export interface Running {
  port: number;
  /** The root of the process tree whose time and memory count. */
  pid: number;
  /** Request headers beside the usual ones. */
  headers: Readonly<Record<string, string>>;
}

export type Prepared = { ready: true; version: string } | { ready: false; missing: string };

export interface Subject {
  name: SubjectName;
  label: string;
  /** Finds or installs what the subject needs. */
  prepare(): Prepared;
  start(bed: Bed): Promise<Running>;
}

/** Where packages that are not the project's own dependencies are kept between runs. */
export function cacheDir(name: string): string {
  const root = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const dir = join(root, 'leeward-bench', name);
  mkdirSync(dir, { recursive: true });
  return dir;
}
