export { EndOfTurn } from './end-of-turn.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { type ErrorCode, type ErrorType, GatewayError } from './errors.ts';
export { type Rng, systemRng } from './rng.ts';
export { REDACTED, Secret } from './secret.ts';
