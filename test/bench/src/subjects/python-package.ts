/**
 * Gateways that are published for Python: each in a virtual environment of its own, in the cache, made once. pip picks
 * what they depend on, in the newest versions they allow at that time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, type Prepared } from './subject.ts';

export interface PythonPackage {
  name: string;
  version: string;
  /** The optional parts to install with it. */
  extra?: string;
  /** The command that it installs. */
  command: string;
}

/** Long enough for the slowest of them; a registry that does not answer must not hold the bench up for ever. */
const INSTALL_WITHIN_MS = 600_000;

function environment(wanted: PythonPackage): string {
  return cacheDir(`${wanted.name}-${wanted.version}`);
}

export function commandOf(wanted: PythonPackage): string {
  return join(environment(wanted), 'bin', wanted.command);
}

export function findOrInstallPython(wanted: PythonPackage): Prepared {
  const { name, version, extra } = wanted;
  const ready = { ready: true, version } as const;
  if (existsSync(commandOf(wanted))) return ready;
  const requirement = `${name}${extra === undefined ? '' : `[${extra}]`}==${version}`;
  const steps: [file: string, args: string[]][] = [
    ['python3', ['-m', 'venv', environment(wanted)]],
    [join(environment(wanted), 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', requirement]],
  ];
  for (const [file, args] of steps) {
    const result = spawnSync(file, args, { encoding: 'utf8', timeout: INSTALL_WITHIN_MS });
    if (result.status === 0) continue;
    const reason = result.error?.message ?? `${result.stdout}${result.stderr}`.trim().slice(-300); // `error`: it did not run.
    return { ready: false, missing: `pip install ${requirement} failed: ${reason}` };
  }
  return ready;
}
