export { ERROR_BODIES, type ErrorBody } from './error-bodies.ts';
export { type Ask, type Asked, type Scenario, ScriptedExchange } from './scripted-exchange.ts';
export { type ScriptedFleet, type ScriptedProvider, scriptedFleet, scriptedProviderOptions } from './scripted-fleet.ts';
export { type Script, ScriptedCall, ScriptedTransport, type Step } from './scripted-transport.ts';
export {
  answers,
  CAPACITY_BODY,
  type ChunkOptions,
  chunk,
  DONE,
  MODEL_GONE_BODY,
  QUOTA_BODY,
  refuses,
  ROLE_CHUNK,
  SILENT,
  STREAM_HEAD,
  streams,
} from './scripts.ts';
export { seededRng } from './seeded-rng.ts';
export { VirtualClock } from './virtual-clock.ts';
export {
  BREAK_KINDS,
  type BreakKind,
  type StreamBreak,
  type StreamForm,
  streamSteps,
  textEvents,
  toldToGoOnFrom,
} from './stream-bytes.ts';
export {
  OTHER_TEST_ONLY_CERTIFICATE,
  OTHER_TEST_ONLY_KEY,
  TEST_ONLY_CERTIFICATE,
  TEST_ONLY_KEY,
} from './test-only-certificate.ts';
