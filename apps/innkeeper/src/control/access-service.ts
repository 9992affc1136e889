import type { ServiceImpl } from '@connectrpc/connect';
import type { AccessService } from '@innkeeper/contract/control';
import type { Access } from '../access/access.ts';
import { createLoginMethods } from './login-methods.ts';

/** AccessService: who may come in, and what they may do. */
export function createAccessService(access: Access): Partial<ServiceImpl<typeof AccessService>> {
  return { ...createLoginMethods(access) };
}
