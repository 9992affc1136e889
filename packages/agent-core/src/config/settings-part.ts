/** What is loaded in guests that have a configuration file. */
export { createPolicy } from '../policy/policy.ts';
export { readConfig } from './read-config.ts';
