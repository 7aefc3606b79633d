/** What a chat used, in tokens: the same whichever personality writes it down. */
import type { Answer } from './answer.ts';
import { countTokens } from './tokens.ts';

export interface ChatUsage {
  readonly promptTokens: number;
  /** Reasoning among them. */
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
}

interface Used {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly answers: readonly Answer[];
  /** Whether the model thinks before it answers. */
  readonly reasons: boolean;
}

export function countUsage({ promptTokens, cachedTokens, answers, reasons }: Used): ChatUsage {
  const reasoningTokens = reasons ? answers.reduce((sum, { thinking }) => sum + countTokens(thinking), 0) : 0;
  const completionTokens = answers.reduce((sum, { tokens }) => sum + tokens, reasoningTokens);
  return { promptTokens, completionTokens, cachedTokens, reasoningTokens };
}
