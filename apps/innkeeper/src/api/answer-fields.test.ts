import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DescMessage } from '@bufbuild/protobuf';
import { LiveEventSchema } from '@innkeeper/contract/control';
import { fieldRulesOf, rulesOf } from '@innkeeper/contract/rules';
import { isPrivilege } from '../access/privileges.ts';
import { isText } from '../audit/redact.ts';
import { httpRoutes, socketRoutes } from '../edge/route-table.ts';
import { allMethods } from './testing/all-methods.ts';

/** Privileges of responses to the account itself, or to the user who logs in to it. */
const own = ['public', 'self'];
/** Callers who may act on a VM see the result. */
const onVms = ['vm.view', 'vm.manage', 'vm.power', 'node.manage'];
const files = ['guest.file.read', 'guest.file.write'];

/**
 * The privileges that cover text fields of response messages: a guest's text, names, addresses, secrets. "*" is for every
 * text of the message without a separate line. Before adding a line, consider what a guest or a user can put into the
 * field; if the method's privilege does not cover it, the field needs `(field).privilege` in its .proto.
 */
const covered: Readonly<Record<string, readonly string[]>> = {
  'FileChunk.data': ['guest.file.read'],
  'ReadHandleEvent.data': ['guest.file.read'],
  'ReadFileDone.sha256': ['guest.file.read'],
  'ReadTarDone.skipped': ['guest.file.read'],
  'WriteFileDone.sha256': ['guest.file.write'],
  'FileChange.path': ['guest.file.read'],
  'FileChange.old_path': ['guest.file.read'],
  'WriteTarDone.skipped': ['guest.file.write'],
  'SkippedEntries.skipped': ['guest.file.write'],
  'FreezeReport.*': ['guest.filesystem'],
  'FrozenFilesystem.*': ['guest.filesystem'],
  // Output of hooks, which may contain anything.
  'HookResult.*': ['guest.filesystem'],
  'TrimmedFilesystem.*': ['guest.filesystem'],
  'UserAccount.*': ['guest.admin'],
  'AccountKey.line': ['guest.admin'],
  'SyncClockResponse.*': ['guest.admin'],
  // Host keys are public, and a machine id shows nothing to those who see the VM.
  'SystemSettings.*': ['vm.view', 'guest.admin'],
  'ClockSync.*': ['guest.admin'],
  // As in the telemetry; the change's files and detail need guest.admin.
  'NetworkReport.*': ['vm.view', 'guest.admin'],
  'ConfiguredInterface.*': ['vm.view', 'guest.admin'],
  'RouteSettings.*': ['vm.view', 'guest.admin'],
  'NetworkChange.*': ['vm.view', 'guest.admin'],
  'ShutdownResponse.method': ['vm.power'],
  'PendingShutdown.message': ['vm.view'],
  // Names of files in /sys and errors of the kernel.
  'PowerState.suspend_error': ['vm.view'],
  'ConfirmUpdateResponse.version': ['guest.admin'],
  'ExecStarted.id': ['guest.exec'],
  'ExecOutput.data': ['guest.exec'],
  'ExecSummary.id': ['vm.view'],
  'ExecSummary.argv': ['guest.exec'],
  'PingResponse.agent_version': onVms,
  'Me.user': own,
  'Me.via': own,
  'Me.privileges': own,
  'Me.csrf_token': own,
  'RoleBinding.role': [...own, 'user.manage'],
  'RoleBinding.scope': [...own, 'user.manage'],
  'ScopedPrivileges.scope': own,
  'ScopedPrivileges.privileges': own,
  'LoginResponse.csrf_token': ['public'],
  'Session.id': ['self'],
  'Session.address': ['self'],
  'Session.user_agent': ['self'],
  // Tokens of others need user.manage, which ListTokens checks.
  'Token.id': ['self'],
  'Token.user': ['self'],
  'Token.name': ['self'],
  'Token.privileges': ['self'],
  'Token.scope': ['self'],
  'Token.allowed_commands': ['self'],
  'CreateTokenResponse.secret': ['self'],
  'CreateLoginLinkResponse.path': ['user.manage'],
  'User.name': ['user.manage'],
  'Role.name': ['user.manage'],
  'Role.description': ['user.manage'],
  'Role.privileges': ['user.manage'],
  'Privilege.name': ['user.manage'],
  'Privilege.description': ['user.manage'],
  'AuditEntry.*': ['audit.view'],
  'FileInfo.path': files,
  'FileInfo.user': files,
  'FileInfo.group': files,
  'FileInfo.symlink_target': files,
  'ListDirectoryResponse.next_page_token': ['guest.file.read'],
  'ListProcessesResponse.next_page_token': ['vm.view'],
  // A place in a list: a number, or the id of an operation that was in the answer.
  'ListSessionsResponse.next_page_token': ['self'],
  'ListTokensResponse.next_page_token': ['self'],
  'ListUsersResponse.next_page_token': ['user.manage'],
  'ListRolesResponse.next_page_token': ['user.manage'],
  'ListAuditResponse.next_page_token': ['audit.view'],
  'ListImagesResponse.next_page_token': ['vm.view'],
  'ListNodesResponse.next_page_token': ['vm.view'],
  'ListOperationsResponse.next_page_token': ['vm.view'],
  'ListRunsResponse.next_page_token': ['vm.view'],
  'ListTerminalsResponse.next_page_token': ['guest.exec'],
  'ListVmsResponse.next_page_token': ['vm.view'],
  'ListEventsResponse.next_page_token': ['vm.view'],
  'GuestProcess.name': ['vm.view'],
  'LibvirtDomain.*': ['node.manage'],
  'ProxmoxVm.*': ['node.manage'],
  // Names and descriptions of services; the answer to Control has them for those who may change them.
  // What a guest consists of: facts like those of System and Telemetry.
  'Inventory.*': ['vm.view'],
  'Disk.*': ['vm.view'],
  'BlockDevice.*': ['vm.view'],
  'DeviceAddress.*': ['vm.view'],
  'NetworkCard.*': ['vm.view'],
  'Route.*': ['vm.view'],
  'Package.*': ['vm.view'],
  'ListPackagesResponse.*': ['vm.view'],
  'Account.*': ['vm.view'],
  'ListAccountsResponse.*': ['vm.view'],
  // No command lines and no environment of containers.
  'Container.*': ['vm.view'],
  'ContainerRuntime.*': ['vm.view'],
  // What programs printed may contain secrets.
  'LogBatch.*': ['guest.exec', 'guest.file.read'],
  'LogEntry.*': ['guest.exec', 'guest.file.read'],
  'Unit.*': ['vm.view', 'guest.admin'],
  'ListUnitsResponse.*': ['vm.view'],
  // What a service printed may contain secrets.
  'GetUnitResponse.log': ['guest.exec'],
  'GetUnitResponse.log_missing': ['vm.view'],
  'GuestProcess.command': ['guest.exec'],
  'GuestProcess.user': ['vm.view'],
  'GuestProcess.state': ['vm.view'],
  'Series.metric': ['vm.view'],
  'Series.unit': ['vm.view'],
  'Series.source': ['vm.view'],
  'Image.*': ['vm.view'],
  'Operation.*': [...onVms, 'guest.admin'],
  'Node.*': ['vm.view'],
  'Run.node': ['vm.view', 'guest.exec'],
  'Run.id': ['vm.view', 'guest.exec'],
  'Run.user': ['vm.view', 'guest.exec'],
  'RunSpec.title': ['guest.exec'],
  'RunSpec.argv': ['guest.exec'],
  'RunSpec.script': ['guest.exec'],
  'RunSpec.interpreter': ['guest.exec'],
  'RunSpec.user': ['vm.view', 'guest.exec'],
  'RunSpec.group': ['vm.view', 'guest.exec'],
  'RunSpec.working_directory': ['guest.exec'],
  'RunSpec.environment': ['guest.exec'],
  'RunTarget.vm_id': ['vm.view', 'guest.exec'],
  'RunTarget.vm_name': ['vm.view', 'guest.exec'],
  'RunTarget.error_reason': ['vm.view', 'guest.exec'],
  // Contains the name of the program that could not be started.
  'RunTarget.error_message': ['guest.exec'],
  'RunTarget.error_next_step': ['vm.view', 'guest.exec'],
  // Also in the live topic `run`, which checks guest.exec on each target.
  'RunOutput.vm_id': ['guest.exec'],
  'RunOutput.data': ['guest.exec'],
  'Terminal.*': ['guest.exec'],
  'Vm.id': onVms,
  'Vm.name': onVms,
  'Vm.state_detail': onVms,
  'Vm.image': onVms,
  'Vm.accelerator': onVms,
  'Vm.tags': onVms,
  'Vm.driver': onVms,
  'Vm.node': onVms,
  'Vm.operation_id': onVms,
  'Vm.reported_address': ['vm.view'],
  'Agent.*': onVms,
  'Mount.*': ['vm.view'],
  'NetworkInterface.*': ['vm.view'],
  'InterfaceAddress.address': ['vm.view'],
  // Users who are logged in to the guest, and from where: telemetry, which vm.view covers.
  'LoggedInUser.name': ['vm.view'],
  'LoggedInUser.terminal': ['vm.view'],
  'LoggedInUser.host': ['vm.view'],
  // The host's CPU and system, as the page of the node shows them.
  'HostUsage.*': ['vm.view'],
  'PrimaryAddress.*': ['vm.view'],
  'System.*': ['vm.view'],
  'MissingCapability.*': ['vm.view'],
  'WatchVmsEvent.deleted_id': ['vm.view'],
  'DiagnosisStep.name': ['vm.view'],
  'DiagnosisStep.detail': ['vm.view'],
  'DiagnosisStep.next_step': ['vm.view'],
  'DiagnosisStep.console_text': ['vm.console'],
  'Diagnosis.conclusion': ['vm.view'],
  'Event.*': ['vm.view'],
  // The agent and its script, which every client may download.
  'AgentInstaller.*': ['guest.admin'],
  'PingAgentResponse.*': ['vm.view'],
  'AgentPingResponse.*': ['vm.view'],
  'ExecuteInGuestResponse.*': ['guest.exec'],
  'QuiesceFilesystemsResponse.*': ['guest.filesystem'],
  'ThawFilesystemsResponse.*': ['guest.filesystem'],
  'SyncTimeResponse.*': ['guest.admin'],
  'ExecuteScriptResponse.*': ['guest.exec'],
  'ReadGuestFileResponse.*': ['guest.file.read'],
  'WriteGuestFileResponse.error': ['guest.file.write'],
  'GuestShutdownResponse.error': ['vm.power'],
  'Fleet.done_steps': ['vm.view'],
  'LiveError.*': ['vm.view'],
  'ConnectEvent.data': ['guest.connect'],
};

/** The content of responses of routes and sockets, and the privileges that cover it. */
const coveredRoutes: Readonly<Record<string, string>> = {
  '/metrics': 'vm.view: figures, with names of VMs, mounts and interfaces',
  '/v1/audit.jsonl': 'audit.view: the audit',
  '/v1/vms/{vm}/files': 'guest.file.read, guest.file.write: files and results of changes',
  '/v1/image-uploads/{upload}': 'node.manage: the position of an upload',
  '/v1/vms/{vm}/tar': 'guest.file.read, guest.file.write: files and results of changes',
  '/v1/runs/{id}/output': 'guest.exec: output',
  '/healthz': 'public: health',
  '/openapi.json': 'public: the schemas',
  '/openapi': 'public: the schemas',
  '/install-agent.sh': 'public: the agent',
  '/agent/latest/linux-amd64': 'public: the agent',
  '/agent/latest/linux-amd64.sha256': 'public: the agent',
  '/agent/latest/linux-arm64': 'public: the agent',
  '/agent/latest/linux-arm64.sha256': 'public: the agent',
  '/api/vms/{vm}/execute': 'guest.exec: output',
  '/api/vms/{vm}/quiesce': 'guest.filesystem: mounts',
  '/api/vms/{vm}/thaw': 'guest.filesystem: mounts',
  '/api/vms/{vm}/sync-time': 'guest.admin: the time',
  '/v1/vms/{vm}/guest-ip': 'guest.report: nothing',
  '/v1/metrics/vms/{vm}': 'vm.view: figures',
  '/v1/vms/{vm}/exec': 'guest.exec: output',
  '/v1/vms/{vm}/terminals/{terminal}': 'guest.exec: a screen',
  '/v1/vms/{vm}/tunnel': 'guest.connect: what a program of the guest sends',
  '/v1/vms/{vm}/console': 'vm.console: the console',
  '/v1/vms/{vm}/metrics/ws': 'vm.view: figures',
  '/v1/live': 'vm.view: according to its fields',
};

interface Reached {
  /** Privileges of the methods that return it, or of the field that contains it. */
  readonly by: Set<string>;
  readonly fieldPrivilege: string;
}

function textsOf(): Map<string, Reached> {
  const found = new Map<string, Reached>();
  const walk = (message: DescMessage, by: string, seen: Set<string>): void => {
    if (seen.has(message.typeName)) return;
    seen.add(message.typeName);
    for (const field of message.fields) {
      const needed = fieldRulesOf(field).privilege;
      // If a whole message field requires a privilege, that privilege covers its texts.
      if (field.message !== undefined) walk(field.message, needed === '' ? by : needed, seen);
      else if (isText(field)) {
        const key = `${message.name}.${field.name}`;
        const reached = found.get(key) ?? { by: new Set(), fieldPrivilege: needed };
        reached.by.add(needed === '' ? by : needed);
        found.set(key, reached);
      }
    }
  };
  for (const method of allMethods) walk(method.output, rulesOf(method).privilege, new Set());
  for (const field of LiveEventSchema.fields) {
    if (field.message !== undefined) walk(field.message, field.name === 'run' ? 'guest.exec' : 'vm.view', new Set());
  }
  return found;
}

describe('texts of answers', () => {
  const texts = textsOf();

  it('every text field of a response is returned only by methods with a privilege that covers it', () => {
    const problems: string[] = [];
    for (const [key, { by }] of texts) {
      const cover = covered[key] ?? covered[`${key.split('.', 1)[0]}.*`];
      if (cover === undefined) problems.push(`${key} is missing in the table`);
      const bare = [...by].filter((privilege) => cover?.includes(privilege) === false);
      if (bare.length > 0) problems.push(`${key} is answered to ${bare.join(', ')}, covered by ${cover?.join(', ')}`);
    }
    assert.deepEqual(problems, []);
  });

  it('the table of response fields has no unused line', () => {
    const messages = new Set([...texts.keys()].map((key) => `${key.split('.', 1)[0]}.*`));
    const left = Object.keys(covered).filter((key) => !texts.has(key) && !messages.has(key));
    assert.deepEqual(left, []);
  });

  it('the table of response fields names existing privileges', () => {
    for (const [key, { fieldPrivilege: named }] of texts) assert.ok(named === '' || isPrivilege(named), key);
  });

  it('every route and socket is covered by its privilege', () => {
    for (const { path, privilege } of [...httpRoutes, ...socketRoutes]) {
      const cover = coveredRoutes[path];
      assert.ok(cover !== undefined, `${path} is missing in the table`);
      const [privileges = ''] = cover.split(':', 1);
      assert.ok(privileges.split(', ').includes(privilege), `${path} is open to ${privilege}`);
    }
  });
});
