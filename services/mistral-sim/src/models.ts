/** The models the simulator offers: ids, aliases, what they can do, and where they refuse. */
import { z } from 'zod';

const limit = z.int().min(0).nullable();

export const limitSchema = z.strictObject({ requestsPerMinute: limit, tokensPerMinute: limit });

export const modelSchema = z.strictObject({
  id: z.string().min(1),
  aliases: z.array(z.string()).default([]),
  kind: z.enum(['chat', 'embed', 'moderation', 'ocr', 'audio']).default('chat'),
  ownedBy: z.string().default('mistralai'),
  contextTokens: z.int().positive().default(262_144),
  temperature: z.number().default(0.3),
  vision: z.boolean().default(false),
  tools: z.boolean().default(true),
  fim: z.boolean().default(false),
  /** `effort`: reasons when asked with the highest of `efforts`. `always`: reasons in every answer. */
  reasoning: z.enum(['none', 'effort', 'always']).default('none'),
  efforts: z.array(z.string()).default([]),
  /** Which of the reference validator's rules on message order apply. */
  profile: z.enum(['v3', 'v7', 'v13']).default('v13'),
  /** Newer tokenizers take any tool call id; older ones want nine letters and digits. */
  anyToolCallId: z.boolean().default(true),
  /** Only for accounts that agreed to its terms: everybody else gets 403/1913. */
  labs: z.boolean().default(false),
  /** Sent as x-model-deprecation-timestamp. */
  deprecation: z.string().optional(),
  /** Of an embedding model. `dimensions` says whether another size may be asked for. */
  dimension: z.int().positive().default(1024),
  dimensions: z.boolean().default(false),
  /** Overrides the default limits for everybody, as a plan that lacks the model does. */
  limit: limitSchema.optional(),
});

export type Model = z.output<typeof modelSchema>;
export type ModelInput = z.input<typeof modelSchema>;

const MISTRAL_MODELS: readonly ModelInput[] = [
  { id: 'mistral-large-2512', aliases: ['mistral-large-latest'], vision: true },
  {
    id: 'mistral-medium-2604',
    aliases: ['mistral-medium-latest', 'mistral-medium-3-5', 'mistral-medium-3'],
    vision: true,
    temperature: 1,
    reasoning: 'effort',
    efforts: ['none', 'high'],
  },
  {
    id: 'mistral-small-2603',
    aliases: ['mistral-small-latest'],
    vision: true,
    reasoning: 'effort',
    efforts: ['none', 'high'],
  },
  { id: 'ministral-14b-2512', aliases: ['ministral-14b-latest'], vision: true },
  { id: 'ministral-8b-2512', aliases: ['ministral-8b-latest'], vision: true },
  { id: 'ministral-3b-2512', aliases: ['ministral-3b-latest'], vision: true },
  { id: 'codestral-2508', aliases: ['codestral-latest'], fim: true, contextTokens: 131_072, profile: 'v7' },
  {
    id: 'magistral-medium-2509',
    aliases: ['magistral-medium-latest'],
    contextTokens: 131_072,
    temperature: 0.7,
    reasoning: 'always',
    deprecation: '2026-12-31T12:00:00.000Z',
  },
  {
    id: 'open-mistral-nemo-2407',
    aliases: ['open-mistral-nemo', 'mistral-tiny-latest'],
    contextTokens: 131_072,
    profile: 'v3',
    anyToolCallId: false,
    deprecation: '2026-12-31T12:00:00.000Z',
  },
  { id: 'labs-leanstral-1-5', labs: true },
  {
    id: 'zai-glm-5-3',
    aliases: ['zai-glm-latest'],
    ownedBy: 'zai',
    contextTokens: 1_048_576,
    reasoning: 'effort',
    efforts: ['low', 'high', 'max'],
    limit: { requestsPerMinute: 0, tokensPerMinute: 0 },
  },
  { id: 'mistral-embed-2312', aliases: ['mistral-embed'], kind: 'embed', contextTokens: 8192 },
  {
    id: 'codestral-embed-2505',
    aliases: ['codestral-embed'],
    kind: 'embed',
    contextTokens: 8192,
    dimension: 1536,
    dimensions: true,
  },
  { id: 'mistral-moderation-2603', aliases: ['mistral-moderation-latest'], kind: 'moderation', contextTokens: 131_072 },
  { id: 'mistral-ocr-4-1', aliases: ['mistral-ocr-latest', 'mistral-ocr-4'], kind: 'ocr' },
  { id: 'voxtral-mini-2602', aliases: ['voxtral-mini-latest'], kind: 'audio', contextTokens: 32_768 },
  { id: 'voxtral-mini-tts-2603', aliases: ['voxtral-mini-tts-latest'], kind: 'audio', contextTokens: 32_768 },
];

const OPENAI_MODELS: readonly ModelInput[] = [
  { id: 'gpt-5', reasoning: 'effort', efforts: ['minimal', 'low', 'medium', 'high'] },
  { id: 'gpt-5-mini', reasoning: 'effort', efforts: ['minimal', 'low', 'medium', 'high'] },
  { id: 'gpt-4.1', contextTokens: 1_047_576 },
  { id: 'gpt-4.1-mini', contextTokens: 1_047_576 },
  { id: 'gpt-4o-mini', contextTokens: 128_000 },
  { id: 'text-embedding-3-small', kind: 'embed', contextTokens: 8192, dimension: 1536, dimensions: true },
  { id: 'text-embedding-3-large', kind: 'embed', contextTokens: 8192, dimension: 3072, dimensions: true },
];

export class ModelTable {
  readonly all: readonly Model[];
  readonly #byName = new Map<string, Model>();

  constructor(models: readonly Model[]) {
    this.all = models;
    for (const model of models) {
      for (const name of [model.id, ...model.aliases]) this.#byName.set(name, model);
    }
  }

  find(name: string): Model | undefined {
    return this.#byName.get(name);
  }
}

/** The built-in table and what the options add; an added model replaces a built-in one of the same name. */
export function mistralModels(added: readonly Model[]): ModelTable {
  return new ModelTable([...MISTRAL_MODELS.map((model) => modelSchema.parse(model)), ...added]);
}

export function openaiModels(added: readonly Model[]): ModelTable {
  return new ModelTable([
    ...OPENAI_MODELS.map((model) => modelSchema.parse({ ...model, ownedBy: 'openai' })),
    ...added,
  ]);
}
