import type { OpenOptions } from '../host.ts';

const nothing: OpenOptions = {
  access: 'read',
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  mode: 0,
  noSymlinks: false,
  nonBlocking: false,
};

/** Host.files.open wants every option; here are those that differ from plain reading. */
export function openOptions(options: Partial<OpenOptions>): OpenOptions {
  return { ...nothing, ...options };
}
