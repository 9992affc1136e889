import type { UserAccount } from '@innkeeper/contract/agent';
import { quoteWord } from '@innkeeper/kit';

/** "locked, must be changed"; "none" without a password. */
export function accountState({ hasPassword, locked, expired }: UserAccount): string {
  const words = [hasPassword ? '' : 'none', locked ? 'locked' : '', expired ? 'must be changed' : ''];
  return words.filter((word) => word !== '').join(', ') || 'set';
}

/** The command of a change that needs no value. */
export function changeCommand(verb: 'passwd' | 'lock' | 'unlock' | 'expire', vm: string, user: string): string {
  return `inn account ${verb} ${quoteWord(vm)} ${quoteWord(user)}`;
}

/** Type, beginning of the key, and comment of a line of authorized_keys. */
export function describeKey(line: string): { readonly type: string; readonly comment: string; readonly blob: string } {
  const [, type = '', blob = '', comment = ''] =
    /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+) ([A-Za-z0-9+/]+={0,2})(?: (.*))?$/.exec(line) ?? [];
  return { type, comment, blob };
}

/** The keys in pasted text, one a line, without comments and empty lines. */
export function pastedKeys(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
