export { expressionsOf } from './expressions.ts';
export { generated } from './generated.ts';
