import { flag, orVariable, text } from './options.ts';

/** The options of `inn` itself, which stand before the command. */
export const globalOptions = [
  orVariable(text('--data <folder>', "the daemon's data folder"), 'INNKEEPER_DATA'),
  orVariable(text('--socket <path>', "the daemon's socket, instead of the one in its data folder"), 'INNKEEPER_SOCKET'),
  orVariable(text('--context <name>', 'a daemon that inn is logged in to, or "local"'), 'INNKEEPER_CONTEXT'),
  flag('-q, --quiet', 'do not print progress and hints'),
] as const;
