/**
 * The rules as they are, with every duration divided by the same number, so that an hour's window is seen in a test of a
 * minute. Thresholds, labels and expressions stay what they are; that nothing else changes is a test of its own.
 *
 * A duration stands in a range `[5m]`, after `offset`, and after `for:` and Alertmanager's waits; the `5m` in a recorded
 * name is no duration.
 */
const DURATION =
  /(?<before>\[|\boffset |^ *(?:for|group_wait|group_interval|repeat_interval): )(?<count>\d+)(?<unit>[smhd])\b/gm;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function hasten(text: string, times: number): string {
  return text.replaceAll(DURATION, (_match, before: string, count: string, unit: string) => {
    const ms = (Number(count) * (UNIT_MS[unit] ?? 0)) / times;
    if (!Number.isInteger(ms) || ms === 0) throw new Error(`${count}${unit} cannot be divided by ${times}`);
    return `${before}${ms}ms`;
  });
}
