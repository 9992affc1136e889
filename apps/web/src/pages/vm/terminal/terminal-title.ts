import type { Terminal } from '@innkeeper/contract/control';
import { showName } from '../../../format/show-name.ts';

/** A terminal's title: its own title, else its program, else "Shell"; with the user unless root. */
export function terminalTitle({ title, argv, user }: Pick<Terminal, 'title' | 'argv' | 'user'>): string {
  const name = showName(title).trim() || showName(argv[0]?.split('/').at(-1) ?? '') || 'Shell';
  return user === '' || user === 'root' ? name : `${name} · ${showName(user)}`;
}

/** Describes how the terminal's process ended. */
export function endingText(ending: { readonly code: number } | { readonly signal: number }): string {
  return 'code' in ending
    ? `The process exited with code ${ending.code}.`
    : `The process was killed by signal ${ending.signal}.`;
}
