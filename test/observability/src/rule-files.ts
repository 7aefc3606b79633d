/** The rules as data, for tests that ask something of all of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROMETHEUS_FILES, RULE_FILES } from './places.ts';

const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const recording = z.strictObject({ record: z.string(), expr: z.string() });
const file = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(z.union([alert, recording])) })),
});

export type Alert = z.output<typeof alert>;
export type Recording = z.output<typeof recording>;

export function rulesIn(text: string): readonly (Alert | Recording)[] {
  return file.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

export async function readRules(): Promise<{
  readonly alerts: readonly Alert[];
  readonly recordings: readonly Recording[];
}> {
  const texts = await Promise.all(RULE_FILES.map((name) => readFile(join(PROMETHEUS_FILES, name), 'utf8')));
  const rules = texts.flatMap(rulesIn);
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  };
}
