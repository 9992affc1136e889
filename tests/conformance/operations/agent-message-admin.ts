import type { DirectoryEntry } from '@innkeeper/contract/agent-message';
import { type AgentMessageClient, throwError } from './agent-message-client.ts';
import type { Entry, GuestAdmin } from './guest-admin.ts';
import { noAdmin } from './limited-client.ts';

/** With the messages of agent.proto. */
export function agentMessageAdmin(client: AgentMessageClient): GuestAdmin {
  return {
    ...noAdmin,
    capabilityNames: { has: 'execute', lacks: 'clipboard' },
    list: async (path, { hidden: includeHidden, atOnce: maxEntries }) => {
      const entries: Entry[] = [];
      let continuationToken = '';
      do {
        const value = { path, includeHidden, maxEntries, continuationToken };
        const page = checked(await client.ask('listDirectoryResponse', { case: 'listDirectory', value }));
        entries.push(...page.entries.map(entryOf));
        continuationToken = page.continuationToken;
      } while (continuationToken !== '');
      return entries;
    },
    stat: async (path) => {
      const { entry } = checked(await client.ask('fileStatResponse', { case: 'fileStat', value: { path } }));
      if (entry === undefined) throw new Error('The response has no entry.');
      return entryOf(entry);
    },
    makeDirectory: async (path, { parents: createParents, mode }) => {
      const value = { path, createParents, mode };
      checked(await client.ask('createDirectoryResponse', { case: 'createDirectory', value }));
    },
    remove: async (path, { recursive }) => {
      checked(await client.ask('fileDeleteResponse', { case: 'fileDelete', value: { path, recursive } }));
    },
    processes: async (filter) => {
      const value = { filter };
      const { processes } = checked(await client.ask('listProcessesResponse', { case: 'listProcesses', value }));
      return processes.map(({ pid, ppid: parentPid, commandLine: command, user }) => ({
        pid,
        parentPid,
        command,
        user,
      }));
    },
    signal: async (pid, signal) => {
      checked(await client.ask('killProcessResponse', { case: 'killProcess', value: { pid, signal } }));
    },
    machine: async () => {
      const { hardware } = checked(await client.ask('hardwareInfoResponse', { case: 'getHardwareInfo', value: {} }));
      const { hostname = '', kernel = '' } = hardware?.os ?? {};
      return { hostname, kernel, memoryTotalBytes: Number(hardware?.memory?.totalBytes) };
    },
    packages: async (filter) => {
      const request = { case: 'listInstalledSoftware', value: { filter } } as const;
      const { software, totalCount } = checked(await client.ask('listInstalledSoftwareResponse', request));
      if (totalCount !== software.length) throw new Error(`${software.length} of ${totalCount} packages were sent.`);
      return software.map(({ name }) => name);
    },
    capabilities: async () =>
      (await client.ask('getCapabilitiesResponse', { case: 'getCapabilities', value: {} })).capabilities,
    refusedPassword: async (username) => {
      const value = { username, newPassword: 'a' };
      checked(await client.ask('resetPasswordResponse', { case: 'resetPassword', value }));
    },
    refusedNetwork: async (name) => {
      const netplanConfig = `network:\n  ethernets:\n    ${name}:\n      addresses: [192.0.2.5/24]\n`;
      const value = { netplanConfig, applyNow: true };
      checked(await client.ask('configureNetworkResponse', { case: 'configureNetwork', value }));
    },
    refusedUnit: async (name) => {
      checked(await client.ask('serviceControlResponse', { case: 'serviceControl', value: { name, action: 0 } }));
    },
  };
}

function checked<R extends { readonly success: boolean; readonly error: string }>(response: R): R {
  throwError(response.error);
  if (!response.success) throw new Error('The refusal has no reason.');
  return response;
}

function entryOf(entry: DirectoryEntry): Entry {
  const { name, sizeBytes, mode, symlinkTarget: target } = entry;
  return {
    name,
    kind: entry.isDirectory ? 'folder' : entry.isSymlink ? 'link' : 'file',
    size: Number(sizeBytes),
    mode,
    target,
  };
}
