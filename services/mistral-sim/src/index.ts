export type { Counts, SimulatorState } from './counters.ts';
export { ERROR_KINDS, type ErrorKind, type FaultKind, type FaultRule, type FaultRuleInput } from './faults/rule.ts';
export type { SimulatorOptions, SimulatorOptionsInput } from './options.ts';
export { type Simulator, type StartOptions, startSimulator } from './simulator.ts';
export { type Answer, type AnsweredToolCall, answerFor } from './text/answer.ts';
export { embed } from './text/embedding.ts';
