/**
 * US dollars per million tokens, as the vendor's model cards gave them (documentation 1.7.7 of 2026-08-21), and for
 * mistral-large-4 and zai-glm-5-3 as listed on 2026-10-06, after the launch price ended. Retired models stay, so that
 * old logs can be priced. Not in here: what is billed by minute, page or character. A `-latest` name moves to a newer
 * model without notice, and its price with it.
 */
export interface Price {
  readonly input: number;
  readonly output: number;
}

const PRICED: readonly (Price & { readonly models: readonly string[] })[] = [
  { input: 1.4, output: 4.4, models: ['zai-glm-5-2', 'zai-glm-5-3', 'zai-glm-latest'] },
  { input: 0, output: 0, models: ['labs-leanstral-1-5', 'labs-leanstral-2603', 'mistral-moderation-2603'] },
  {
    input: 1.5,
    output: 7.5,
    models: ['mistral-medium-3-5', 'mistral-medium-3', 'mistral-medium-latest', 'mistral-medium-2604'],
  },
  { input: 0.15, output: 0.6, models: ['mistral-small-2603', 'mistral-small-latest'] },
  {
    input: 0.1,
    output: 0.3,
    models: [
      'labs-mistral-small-creative',
      'labs-devstral-small-2512',
      'devstral-small-latest',
      'devstral-small-2507',
      'mistral-small-2506',
      'devstral-small-2505',
      'mistral-small-2503',
      'mistral-small-2501',
      'mistral-small-2409',
    ],
  },
  {
    input: 0.4,
    output: 2,
    models: [
      'devstral-2512',
      'devstral-latest',
      'devstral-medium-latest',
      'mistral-medium-2508',
      'devstral-medium-2507',
      'mistral-medium-2505',
    ],
  },
  {
    input: 0.5,
    output: 1.5,
    models: [
      'mistral-large-2512',
      'mistral-large-latest',
      'magistral-small-2509',
      'magistral-small-latest',
      'magistral-small-2507',
      'magistral-small-2506',
    ],
  },
  {
    input: 0.15,
    output: 0.15,
    models: [
      'ministral-8b-2512',
      'ministral-8b-latest',
      'pixtral-12b-2409',
      'open-mistral-nemo-2407',
      'open-mistral-nemo',
    ],
  },
  { input: 0.1, output: 0.1, models: ['ministral-3b-2512', 'ministral-3b-latest', 'ministral-8b-2410'] },
  { input: 0.2, output: 0.2, models: ['ministral-14b-2512', 'ministral-14b-latest'] },
  {
    input: 2,
    output: 5,
    models: ['magistral-medium-2509', 'magistral-medium-latest', 'magistral-medium-2507', 'magistral-medium-2506'],
  },
  { input: 0.3, output: 0.9, models: ['codestral-2508', 'codestral-latest', 'codestral-2501'] },
  { input: 0.1, output: 0.4, models: ['voxtral-small-2507', 'voxtral-small-latest'] },
  { input: 0.04, output: 0.04, models: ['voxtral-mini-2507', 'ministral-3b-2410'] },
  { input: 0.15, output: 0, models: ['codestral-embed-2505', 'codestral-embed'] },
  { input: 2, output: 6, models: ['pixtral-large-2411', 'pixtral-large-latest', 'mistral-large-2411'] },
  { input: 0.1, output: 0, models: ['mistral-moderation-2411', 'mistral-embed-2312', 'mistral-embed'] },
  { input: 1.36, output: 4.18, models: ['mistral-large-4', 'mistral-large-4-0'] },
];

export const prices: ReadonlyMap<string, Price> = new Map(
  PRICED.flatMap((row) =>
    row.models.map((model): [string, Price] => [model, { input: row.input, output: row.output }]),
  ),
);
