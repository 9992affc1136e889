/** Helpers of tests, for every package; they need Node. */
export { type UntilOptions, until } from './until.ts';
