/**
 * How strong a rule is over time, as a factor: it multiplies a fault's probability and a latency's length. Times are
 * milliseconds since the script began (`faults.set`, or the start).
 */
import { z } from 'zod';

const at = z.number().min(0);
const factor = z.number().min(0).max(1000);

export const shapeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({ kind: z.literal('step'), atMs: at, before: factor.default(0), after: factor.default(1) }),
  z.strictObject({
    kind: z.literal('ramp'),
    startMs: at,
    endMs: at,
    from: factor.default(0),
    to: factor.default(1),
  }),
  z.strictObject({
    kind: z.literal('spike'),
    atMs: at,
    durationMs: z.number().positive(),
    base: factor.default(0),
    peak: factor.default(1),
  }),
]);

export type Shape = z.output<typeof shapeSchema>;

export function strengthAt(shape: Shape, sinceStartMs: number): number {
  switch (shape.kind) {
    case 'constant':
      return 1;
    case 'step':
      return sinceStartMs < shape.atMs ? shape.before : shape.after;
    case 'ramp': {
      if (sinceStartMs <= shape.startMs) return shape.from;
      if (sinceStartMs >= shape.endMs) return shape.to;
      return shape.from + ((shape.to - shape.from) * (sinceStartMs - shape.startMs)) / (shape.endMs - shape.startMs);
    }
    case 'spike': {
      // A triangle around the middle: up to the peak, and down again.
      const fromMiddle = Math.abs(sinceStartMs - shape.atMs - shape.durationMs / 2) / (shape.durationMs / 2);
      return fromMiddle >= 1 ? shape.base : shape.base + (shape.peak - shape.base) * (1 - fromMiddle);
    }
  }
}
