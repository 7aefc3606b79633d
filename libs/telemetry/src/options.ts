import { z } from 'zod';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The `telemetry` section of the config file. */
export const telemetryOptions = z.strictObject({
  /** Off unless a collector is named: a gateway must start with no other server. */
  otlp: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/ }),
      /** None: a collector inside the cluster usually asks for nothing. Values are secret (`Authorization`). */
      headers: z.record(z.string(), z.string()).default({}),
    })
    .optional(),
  /**
   * One exchange in a hundred: at 1,000 requests a second that is still ten traces a second to look at, for less than
   * a hundredth of the cost of tracing all. A caller that decided for itself (traceparent) is always obeyed.
   */
  traceSampling: z.number().min(0).max(1).default(0.01),
  /**
   * Exchanges that were slower than this to their first token, or in whole, are traced whatever the draw: beyond what a
   * healthy model needs for all but the longest prompts.
   */
  traceSlowMs: z.int().min(1).max(3_600_000).default(10_000),
  /** One line per decision is what an SRE reads; debug adds one per candidate. */
  logLevel: z.enum(LOG_LEVELS).default('info'),
  /** On: one line per request, about 5 µs, is what turns a customer's request id into an answer. */
  accessLog: z.boolean().default(true),
  /** The name under which traces are found; a second installation beside the first wants another. */
  serviceName: z.string().min(1).max(255).default('leeward'),
});

export type TelemetryOptions = z.infer<typeof telemetryOptions>;
