/**
 * What each label of a metric may hold. Closed sets only: one that a client could widen would let any caller grow the
 * process until the kernel kills it.
 */
export const LABELS = {
  route: 'a configured route’s name, `*` for the catch-all, `other` for a model that no route serves',
  surface: '`chat`, `fim`, `embeddings` or `passthrough`',
  dialect: 'the dialect answered: `mistral` or `openai`',
  status: 'the HTTP status that the client was sent; `499` when it left before one',
  provider: 'a configured provider’s name',
  key: 'a configured key’s name, never its secret',
  model: 'a configured model’s name at the provider, `other` for one that only a catch-all route names',
  outcome: '`ok`, `quota`, `capacity`, `fault`, `credentials`, `model-gone`, `caller-fault` or `cancelled`',
  reason: 'why, in the words of the decision: a fault’s reason such as `first-token-timeout`, else the outcome',
  result: '`ok` or `failed`; of a hedge `won`, `lost` or `failed`',
  quota_group: 'a configured quota group’s name',
  unit: '`requests-per-minute`, `requests-per-second`, `tokens-per-minute` or `tokens-per-month`',
  code: 'an error code from docs/errors.md',
  kind: '`prompt`, `cached`, `completion` or `reasoning`',
  metric: 'the name of a metric in this list',
  version: 'Leeward’s version',
  node: 'the version of Node.js it runs on',
  state:
    '`available`, or why it cannot be asked now: `draining`, `key-quarantined`, `model-gone`, `quota-cooldown`, ' +
    '`cooldown`, `held`, `breaker-open`, `no-capacity`, `slow-start` or `full`',
  hold: '`cooldown`, `quota-cooldown`, `key-quarantined` or `model-gone`; `other` for a word that only a newer version knows',
  direction: '`sent` or `received`',
  receipt: 'what became of a message: `merged`, `known`, `asked`, or why it was refused',
  drop: '`disconnected`, `congested` or `oversized`',
} as const;

export type LabelName = keyof typeof LABELS;
