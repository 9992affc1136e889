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

/** Options for Host.files.open, which requires all: those passed, and for the rest those of plain reading. */
export function openOptions(options: Partial<OpenOptions>): OpenOptions {
  return { ...nothing, ...options };
}
