import { AgentMessageSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageClient } from '../agent-message-client.ts';
import type { FrameForm } from '../foreign-frames.ts';
import type { ForeignDialect } from './foreign-dialect.ts';

/** The requests of agent.proto are the payloads before the answers. */
const firstAnswer = 50;
const golden = 'tests/conformance/golden.test.ts';

/** What no case sends. */
const onlyGolden: readonly string[] = [
  'fileRead.chunkSize',
  'shutdown.message',
  'resetPassword.expire',
  'quiesce.runPreFreezeScripts',
  'quiesce.preFreezeScriptDir',
  'thaw.mountPoints',
  'thaw.runPostThawScripts',
  'thaw.postThawScriptDir',
  'syncTime.force',
  'displayResize',
  'displayResize.width',
  'displayResize.height',
  'displayResize.dpi',
  'displayResize.displayId',
  'clipboardUpdate',
  'clipboardUpdate.type',
  'clipboardUpdate.data',
  'clipboardUpdate.mimeType',
  'clipboardGet.preferredType',
  'listProcesses.includeThreads',
  'listProcesses.maxEntries',
  'listServices',
  'listServices.filter',
  'listServices.runningOnly',
  'getHardwareInfo.includeCpuDetails',
  'getHardwareInfo.includeDiskDetails',
  'getHardwareInfo.includeNetworkDetails',
  'listInstalledSoftware.maxEntries',
  'agentUpdate',
  'agentUpdate.targetVersion',
  'agentUpdate.binaryData',
  'agentUpdate.chunkNumber',
  'agentUpdate.isLastChunk',
  'agentUpdate.checksumSha256',
  'agentUpdate.totalSize',
];

/** AgentMessage in one of the forms of its frames. */
export function agentMessageDialect(form: FrameForm): ForeignDialect {
  return {
    name: `AgentMessage, ${form}`,
    connect: (socket, asked) => AgentMessageClient.connect(socket, form, asked),
    lacks: {
      'reading the clock': 'has only sync_time, which would move the clock of this machine',
      'signals of ends': 'has only exit_code',
      'standard input': 'has none',
      keys: 'has no such request',
      CPUs: 'counts them, and has no list',
      '64 calls at once': 'allows 16 concurrent requests, which the agent’s own tests check',
      accounts: 'has no such request',
      archives: 'has no archives, and no times of files',
      cancelling: 'has no cancel',
      'counts of processes left behind': 'has no count of them',
      'deadlines of calls': 'has a timeout for commands only',
      'details of folders': 'has less for folders, which the cases of administration run',
      'details of processes': 'has less for processes, which the cases of administration run',
      'details of the network': 'takes a file of netplan instead',
      'flow control': 'has no credit: a ping waits for a response',
      'following a command again': 'has no ids of commands',
      'grace periods': 'has a fixed grace period of five seconds',
      'hashes of files': 'has no hashes',
      'identity of a boot': 'has no boot id, no instance and no capabilities of streams',
      'leases and trimming': 'has a lease that cannot be renewed, and no trim',
      'new files only': 'has no option for it',
      'owners of files': 'has no owner',
      'refusing links': 'has no option for it',
      'resumed uploads': 'has no ids of uploads',
      'settings of the guest': 'has no settings',
      'signals to commands': 'has signals for processes, which the cases of administration send',
      'states of power and hardware': 'has only shutdown and reboot',
      terminals: 'has no terminals',
      'totals of output': 'has no totals',
      tunnels: 'has no tunnels',
      'updates of the agent': 'has no updates that are signed',
      'uploads of unknown size': 'has the size in every message',
      'watches of files': 'has no watches',
    },
    requests: AgentMessageSchema.fields
      .filter(({ oneof, number }) => oneof?.localName === 'payload' && number < firstAnswer)
      .flatMap(({ localName, message }) => [
        localName,
        ...(message?.fields ?? []).map((member) => `${localName}.${member.localName}`),
      ]),
    testedElsewhere: Object.fromEntries(onlyGolden.map((name) => [name, golden])),
  };
}
