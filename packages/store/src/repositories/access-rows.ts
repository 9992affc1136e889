import type { Selectable } from 'kysely';
import type { RoleBindingTable, RoleTable, UserTable } from '../access-schema.ts';

export type UserRow = Selectable<UserTable>;
export type RoleBindingRow = Selectable<RoleBindingTable>;
export type RoleRow = Selectable<RoleTable>;
