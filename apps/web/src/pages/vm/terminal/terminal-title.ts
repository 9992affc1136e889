import type { Terminal } from '@innkeeper/contract/control';
import { showName } from '../../../format/show-name.ts';

/** What a terminal is called: what its program says, else the program, else that it is a shell. */
export function terminalTitle({ title, argv, user }: Pick<Terminal, 'title' | 'argv' | 'user'>): string {
  const name = showName(title).trim() || showName(argv[0]?.split('/').at(-1) ?? '') || 'Shell';
  return user === '' || user === 'root' ? name : `${name} · ${showName(user)}`;
}

/** How the process on it ended, in words. */
export function endingText(ending: { readonly code: number } | { readonly signal: number }): string {
  return 'code' in ending ? `It ended with exit code ${ending.code}.` : `It was ended by signal ${ending.signal}.`;
}
