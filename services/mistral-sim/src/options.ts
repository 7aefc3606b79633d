/** Every option of the simulator, for the YAML file and for `startSimulator` alike. Unknown keys are errors. */
import { z } from 'zod';
import { distributionSchema } from './faults/distribution.ts';
import { scriptSchema } from './faults/rule.ts';
import { limitSchema, modelSchema } from './models.ts';

const port = z.int().min(0).max(65_535).default(0);
const windowKind = z.enum(['fixed', 'sliding']);

/** By model id or alias. */
const limitsByModel = z.record(z.string(), limitSchema).default({});

const workspace = z.strictObject({ keys: z.array(z.string().min(1)).min(1), limits: limitsByModel });

export const optionsSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** Ports of the two personalities and of the control API; 0 picks a free one. */
  port,
  openaiPort: port,
  controlPort: port,
  /** Seeds ids and the draws of the fault script; answers do not depend on it. */
  seed: z.int().default(1),
  workspaces: z.record(z.string(), workspace).default({
    'workspace-1': { keys: ['sim-key-a', 'sim-key-a2'], limits: {} },
    'workspace-2': { keys: ['sim-key-b'], limits: {} },
    'workspace-3': { keys: ['sim-key-c'], limits: {} },
  }),
  openai: workspace.default({ keys: ['sim-openai-key'], limits: {} }),
  /** For every workspace and model without a limit of its own. The default is what a paid plan was seen to get. */
  defaultLimit: limitSchema.default({ requestsPerMinute: 720, tokensPerMinute: 5_000_000 }),
  requestWindow: windowKind.default('fixed'),
  tokenWindow: windowKind.default('sliding'),
  /** Models beside the built-in table, on both personalities. */
  models: z.array(modelSchema).max(1000).default([]),
  /** The three generations of Mistral's 401 body. */
  unauthorizedForm: z.enum(['kong', 'app', 'current']).default('current'),
  /** The undocumented `p` of stream chunks. */
  padding: z.boolean().default(true),
  /** How many tokens one stream chunk carries. */
  chunkTokens: z
    .strictObject({ least: z.int().min(1).max(1000), most: z.int().min(1).max(1000) })
    .default({ least: 1, most: 5 }),
  /** 64 by the documentation; 16 also fits what was observed. */
  cacheBlockTokens: z.int().min(1).max(65_536).default(64),
  latency: z
    .strictObject({ firstTokenMs: distributionSchema.default(0), perTokenMs: distributionSchema.default(0) })
    .default({ firstTokenMs: 0, perTokenMs: 0 }),
  faults: scriptSchema.default([]),
  /** 32 MiB holds a prompt of a million tokens and some images. */
  bodyBytes: z.int().min(1024).default(33_554_432),
  /** Files, conversations and batch jobs kept, each; the oldest go first. */
  kept: z.int().min(1).max(10_000).default(100),
});

export type SimulatorOptions = z.output<typeof optionsSchema>;
export type SimulatorOptionsInput = z.input<typeof optionsSchema>;
