import type { Operation } from '@innkeeper/contract/control';

const verbs: Readonly<Record<string, string>> = {
  'vm.create': 'Create VM',
  'vm.start': 'Start',
  'vm.stop': 'Stop',
  'vm.kill': 'Kill',
  'vm.delete': 'Delete VM',
  'image.add': 'Add image',
  'image.build': 'Build image',
  'image.remove': 'Remove image',
};

/** "Start web-1"; for an unknown kind, the kind itself. */
export function operationTitle({ kind, target }: Pick<Operation, 'kind' | 'target'>): string {
  return `${verbs[kind] ?? kind} ${target}`;
}
