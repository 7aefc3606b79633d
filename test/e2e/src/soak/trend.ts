/**
 * Whether a series of measurements grows.
 *
 * The rule: memory is flat when the growth over the next hour would be less than 20 % of its mean, by the least-squares
 * slope over the last four fifths of the run. The first fifth is warm-up: code is compiled, caches and connections fill.
 * Because a short run's slope is mostly noise (the collector's own rhythm is some MiB), a slope above that bound fails
 * only when it stands out of the noise, by twice its standard error. `detectableMiBPerMin` says how small a leak this
 * run could have found: the longer the run, the smaller.
 */
export interface Point {
  readonly atMs: number;
  readonly mib: number;
}

export interface Trend {
  readonly meanMiB: number;
  readonly slopeMiBPerMin: number;
  readonly standardErrorMiBPerMin: number;
  readonly detectableMiBPerMin: number;
  readonly verdict: 'flat' | 'grows' | 'too short to judge';
}

const WARM_UP_SHARE = 0.2;
const MAX_GROWTH_PER_HOUR = 0.2;
const STANDARD_ERRORS = 2;

/** With fewer points than this, or on less than four minutes, even a bad leak does not stand out. */
const MIN_POINTS = 8;
const MIN_SPAN_MS = 240_000;

const MINUTE_MS = 60_000;

export function trendOf(all: readonly Point[]): Trend {
  const points = afterWarmUp(all);
  const { mean, slope, standardError } = leastSquares(points);
  const bound = (mean * MAX_GROWTH_PER_HOUR) / 60;
  const span = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  const measured = points.length >= MIN_POINTS && span >= MIN_SPAN_MS;
  return {
    meanMiB: mean,
    slopeMiBPerMin: slope,
    standardErrorMiBPerMin: standardError,
    detectableMiBPerMin: bound + STANDARD_ERRORS * standardError,
    verdict: !measured ? 'too short to judge' : slope - STANDARD_ERRORS * standardError > bound ? 'grows' : 'flat',
  };
}

/**
 * The least of each window: the heap in use just after a collection, as near as can be seen from outside. What lies
 * above it is garbage that nobody has picked up yet.
 */
export function minimaOf(points: readonly Point[], windowMs: number): Point[] {
  const minima = new Map<number, Point>();
  for (const point of points) {
    const window = Math.floor(point.atMs / windowMs);
    const known = minima.get(window);
    if (known === undefined || point.mib < known.mib) minima.set(window, point);
  }
  return [...minima.values()];
}

/** The mean of each fifth of the run; undefined where a short run has no point. */
export function fifthsOf(points: readonly Point[]): (number | undefined)[] {
  const fifths: number[][] = [[], [], [], [], []];
  const endMs = Math.max(points.at(-1)?.atMs ?? 0, 1);
  for (const { atMs, mib } of points) fifths[Math.min(4, Math.floor((atMs / endMs) * 5))]?.push(mib);
  return fifths.map((mibs) => (mibs.length === 0 ? undefined : mean(mibs)));
}

function afterWarmUp(points: readonly Point[]): readonly Point[] {
  const endMs = points.at(-1)?.atMs ?? 0;
  return points.filter(({ atMs }) => atMs >= endMs * WARM_UP_SHARE);
}

/** In MiB per minute. */
function leastSquares(points: readonly Point[]): { mean: number; slope: number; standardError: number } {
  const minutes = points.map(({ atMs }) => atMs / MINUTE_MS);
  const meanMinute = mean(minutes);
  const meanMiB = mean(points.map(({ mib }) => mib));
  let spread = 0;
  let together = 0;
  for (const { atMs, mib } of points) {
    const fromMean = atMs / MINUTE_MS - meanMinute;
    spread += fromMean ** 2;
    together += fromMean * (mib - meanMiB);
  }
  const slope = spread === 0 ? 0 : together / spread;
  let residual = 0;
  for (const { atMs, mib } of points) residual += (mib - meanMiB - slope * (atMs / MINUTE_MS - meanMinute)) ** 2;
  const freedom = points.length - 2;
  const standardError = spread === 0 || freedom <= 0 ? 0 : Math.sqrt(residual / freedom / spread);
  return { mean: meanMiB, slope, standardError };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1);
}
