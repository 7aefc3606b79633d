/**
 * LiteLLM's simple shuffle: at random by weight among the deployments that are not cooling down. Its rules as published:
 * a 429 cools a deployment down for 5 s at once; so does more than half of its requests failing in the current minute,
 * from the fifth on; so does a refusal that is not worth retrying (401, 404). What a 429 says of when to return is not
 * looked at, and a deployment comes back to its full share when its 5 s are over. The counts belong to this node.
 */
import { type Router, type RouterDeps, picking, weighted } from './router.ts';

const COOLDOWN_MS = 5000;
const FAILED_SHARE = 0.5;
const MIN_REQUESTS = 5;
const MINUTE_MS = 60_000;

interface Minute {
  readonly number: number;
  requests: number;
  failures: number;
}

export function litellm({ clock, rng }: RouterDeps): Router {
  const cooledUntil = new Map<string, number>();
  const minutes = new Map<string, Minute>();
  const picker = picking('litellm', (eligible) =>
    weighted(
      rng,
      eligible.filter(({ id }) => (cooledUntil.get(id) ?? 0) <= clock.nowMs()),
      ({ weight }) => weight,
    ),
  );
  const minuteOf = (target: string): Minute => {
    const number = Math.floor(clock.wallMs() / MINUTE_MS);
    const known = minutes.get(target);
    const minute = known?.number === number ? known : { number, requests: 0, failures: 0 };
    minutes.set(target, minute);
    return minute;
  };
  return {
    isLeeward: false,
    pickerFor: () => picker,
    ended: (target, { outcome, status }) => {
      if (outcome.kind === 'cancelled') return;
      const minute = minuteOf(target);
      minute.requests++;
      if (outcome.kind === 'ok') return;
      minute.failures++;
      const isFailing = minute.requests >= MIN_REQUESTS && minute.failures / minute.requests > FAILED_SHARE;
      const isFinal = status === 401 || status === 404;
      if (status === 429 || isFailing || isFinal) cooledUntil.set(target, clock.nowMs() + COOLDOWN_MS);
    },
  };
}
