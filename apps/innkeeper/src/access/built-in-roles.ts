import { type PrivilegeName, privilegeNames } from './privileges.ts';

export interface RoleFacts {
  readonly name: string;
  readonly description: string;
  readonly privileges: readonly string[];
}

const operator: readonly PrivilegeName[] = [
  'vm.view',
  'vm.power',
  'vm.manage',
  'vm.console',
  'guest.exec',
  'guest.file.read',
  'guest.file.write',
  'guest.connect',
  'guest.filesystem',
  'guest.admin',
];

/** Roles that are always there and cannot be changed. */
export const builtInRoles: readonly RoleFacts[] = [
  { name: 'administrator', description: 'Everything.', privileges: privilegeNames },
  { name: 'operator', description: 'VMs and everything in them.', privileges: operator },
  { name: 'viewer', description: 'Sees VMs and changes nothing.', privileges: ['vm.view'] },
];
