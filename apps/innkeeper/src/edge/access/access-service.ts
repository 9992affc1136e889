import type { ServiceImpl } from '@connectrpc/connect';
import type { AccessService } from '@innkeeper/contract/control';
import type { Access } from '../../access/access.ts';
import { createLoginMethods } from './login-methods.ts';
import { createOwnAccountMethods } from './own-account-methods.ts';
import { createRoleMethods } from './role-methods.ts';
import { createUserMethods } from './user-methods.ts';

/** AccessService: users, logins, tokens and roles. */
export function createAccessService(access: Access): ServiceImpl<typeof AccessService> {
  return {
    ...createLoginMethods(access),
    ...createOwnAccountMethods(access),
    ...createUserMethods(access),
    ...createRoleMethods(access),
  };
}
