/**
 * nginx and haproxy come from the operating system. When one is missing and this runs as root on a Debian-like system
 * it is installed, with the package's own service kept from starting: only the binary is wanted, on ports and with a
 * config of ours.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Prepared } from './subject.ts';

/** Debian's way to forbid a package's scripts to start services; 101 means "not allowed". */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

export interface SystemPackage {
  binary: string;
  package: string;
  /** Prints the version somewhere in its output. */
  versionArgs: readonly string[];
}

function run(file: string, args: readonly string[]): { ok: boolean; output: string } {
  const result = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

function version(wanted: SystemPackage): string | undefined {
  const { ok, output } = run(wanted.binary, wanted.versionArgs);
  return ok ? (/\d+\.\d+\.\d+/.exec(output)?.[0] ?? 'unknown version') : undefined;
}

function install(name: string): { ok: boolean; output: string } {
  const ours = !existsSync(POLICY_FILE);
  if (ours) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const args = ['install', '--yes', '--no-install-recommends', name];
    const first = run('apt-get', args);
    // A fresh image has no package lists yet.
    return first.ok || !run('apt-get', ['update']).ok ? first : run('apt-get', args);
  } finally {
    if (ours) rmSync(POLICY_FILE, { force: true });
  }
}

export function findOrInstall(wanted: SystemPackage): Prepared {
  const present = version(wanted);
  if (present !== undefined) return { ready: true, version: present };
  if (process.getuid?.() !== 0 || !run('apt-get', ['--version']).ok) {
    return {
      ready: false,
      missing: `${wanted.binary} is not on the PATH; install the package ${wanted.package}, or run as root where apt-get is`,
    };
  }
  const installed = install(wanted.package);
  const now = version(wanted);
  if (now !== undefined) return { ready: true, version: now };
  return { ready: false, missing: `apt-get install ${wanted.package} failed: ${installed.output.trim().slice(-300)}` };
}
