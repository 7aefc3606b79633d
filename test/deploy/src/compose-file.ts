/** The compose file as far as it says how containers run, and what a container would find where files are mounted. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { COMPOSE } from './places.ts';

const mount = z.strictObject({
  type: z.enum(['bind', 'volume']),
  source: z.string(),
  target: z.string(),
  read_only: z.boolean().default(false),
});

const service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  user: z.string(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(mount).default([]),
  tmpfs: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  depends_on: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  restart: z.string(),
  logging: z.looseObject({ options: z.looseObject({ 'max-size': z.string() }) }),
});

const file = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

export type Service = z.output<typeof service>;

export function readCompose(): z.output<typeof file> {
  return file.parse(parse(readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8'), { merge: true }));
}

/** What compose makes of `${NAME:-default}` where nobody has set NAME. */
export function environmentOf({ environment }: Service): Record<string, string> {
  const expanded = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, expanded(value)]));
}

/** Copies a service's files to where it has them, below this folder. Throws where one does not exist. */
export function layOut({ volumes }: Service, folder: string): void {
  for (const { type, source, target } of volumes) {
    if (type !== 'bind') continue;
    mkdirSync(dirname(join(folder, target)), { recursive: true });
    cpSync(join(COMPOSE, source), join(folder, target), { recursive: true });
  }
}
