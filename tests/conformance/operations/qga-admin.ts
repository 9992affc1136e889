import { OperationError } from '@innkeeper/contract/errors';
import type { GuestAdmin } from './guest-admin.ts';
import { noAdmin } from './limited-client.ts';
import type { QgaClient } from './qga-client.ts';

/** What QGA has besides commands and files. */
export function qgaAdmin(client: QgaClient): GuestAdmin {
  return {
    ...noAdmin,
    capabilities: async () => {
      const { supported_commands: commands } = await client.ask<{
        readonly supported_commands: readonly { readonly name: string; readonly enabled: boolean }[];
      }>('guest-info');
      return commands.filter(({ enabled }) => enabled).map(({ name }) => name);
    },
    capabilityNames: { has: 'guest-exec', lacks: 'guest-get-devices' },
    keys: async (username) =>
      (await client.ask<{ keys: string[] }>('guest-ssh-get-authorized-keys', { username })).keys,
    addKey: async (username, key) => {
      await client.ask('guest-ssh-add-authorized-keys', { username, keys: [key], reset: false });
    },
    removeKey: async (username, key) => {
      await client.ask('guest-ssh-remove-authorized-keys', { username, keys: [key] });
    },
    cpus: async () => {
      const found = await client.ask<{ 'logical-id': number; online: boolean }[]>('guest-get-vcpus');
      return found.map(({ 'logical-id': id, online }) => ({ id, online })).sort((a, b) => a.id - b.id);
    },
    switchOff: async (id) => {
      await client.ask('guest-set-vcpus', { vcpus: [{ 'logical-id': id, online: false }] });
    },
    refusedPassword: async (username) => {
      const password = Buffer.from('a').toString('base64');
      try {
        await client.ask('guest-set-user-password', { username, password, crypted: false });
      } catch (error) {
        // Whatever sets it says it in its own words.
        throw /no-such-user/.test(String(error)) ? new OperationError('USER_NOT_FOUND', String(error)) : error;
      }
    },
  };
}
