export { seededRng } from './seeded-rng.ts';
export { VirtualClock } from './virtual-clock.ts';
