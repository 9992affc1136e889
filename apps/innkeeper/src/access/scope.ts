import { OperationError } from '@innkeeper/contract';

/** What a scope is held against. */
export interface ScopedVm {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

const maxScopeChars = 200;

/**
 * Returns a scope as it is stored: "tag=NAME" and "vm=ID" are the same as with ":". Throws INVALID_ARGUMENT unless it is
 * "*", "tag:NAME", "tag:NAME=VALUE" or "vm:ID".
 */
export function checkScope(text: string): string {
  const scope = text.replace(/^(tag|vm)=/, '$1:');
  if (scope === '*' || (scope.length <= maxScopeChars && /^(vm:[^\s]+|tag:[^=]+(=.*)?)$/s.test(scope))) return scope;
  throw new OperationError(
    'INVALID_ARGUMENT',
    `The scope "${scope.slice(0, 40)}" is not valid. Use "*", "tag:NAME", "tag:NAME=VALUE" or "vm:ID".`,
  );
}

/** Whether the scope includes the VM. An invalid scope includes nothing. */
export function scopeCovers(scope: string, vm: ScopedVm): boolean {
  if (scope === '*') return true;
  if (scope.startsWith('vm:')) return vm.id === scope.slice(3);
  if (!scope.startsWith('tag:')) return false;
  const [, name = '', value] = /^tag:([^=]+)(?:=(.*))?$/s.exec(scope) ?? [];
  return name !== '' && Object.hasOwn(vm.tags, name) && (value === undefined || vm.tags[name] === value);
}
