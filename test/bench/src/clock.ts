/**
 * Microseconds of the machine's monotonic clock. Unlike `performance.now`, whose origin is each process's and thread's
 * own start, it is the same clock in all of them: a time the upstream writes can be subtracted by the load generator.
 */
export function nowMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}
