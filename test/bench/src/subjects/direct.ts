/**
 * No subject at all: the load generator against the upstream. Its latencies are what the others' are added to, its rate
 * is the ceiling of what this harness can measure, its CPU is the upstream's own.
 */
import { UPSTREAM_KEYS } from '../contract.ts';
import type { Subject } from './subject.ts';

export const direct: Subject = {
  name: 'direct',
  label: 'upstream direct',
  prepare: () => ({ ready: true, version: process.version }),
  start: async (bed) => ({
    port: bed.upstreamPort,
    pid: bed.upstreamPid,
    headers: { authorization: `Bearer ${UPSTREAM_KEYS[0]}` },
  }),
};
