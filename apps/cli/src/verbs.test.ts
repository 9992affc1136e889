import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescService } from '@bufbuild/protobuf';
import { controlServices } from '@innkeeper/contract/control-services';
import { isChange } from '@innkeeper/contract/rules';
import type { Command } from 'commander';
import { agentServices } from '../../../packages/contract/src/agent-services.ts';
import { loadCommands } from './lazy-commands.ts';
import { buildProgram } from './program.ts';

/** The command of each method that changes something, with the option that does it where the command does more. */
const verbs: Readonly<Record<string, string>> = {
  'AccessService/Login': 'login',
  'AccessService/LoginWithLink': 'login',
  'AccessService/Logout': 'logout',
  'AccessService/ChangePassword': 'user passwd',
  'AccessService/CreateToken': 'token create',
  'AccessService/RevokeToken': 'token revoke',
  'AccessService/CreateLoginLink': 'web',
  'AccessService/CreateUser': 'user create',
  'AccessService/UpdateUser': 'user set',
  'AccessService/DeleteUser': 'user rm',
  'AccessService/SetRole': 'role set',
  'AccessService/DeleteRole': 'role rm',
  'ImageService/AddImage': 'image add',
  'ImageService/BuildImage': 'image build',
  'ImageService/RemoveImage': 'image rm',
  'OperationService/CancelOperation': 'op cancel',
  'RunService/StartRun': 'run',
  'RunService/CancelRun': 'runs cancel',
  'TerminalService/CreateTerminal': 'shell',
  'TerminalService/CloseTerminal': 'shell --close',
  'VmService/CreateVm': 'create',
  'VmService/UpdateVm': 'set',
  'VmService/StartVm': 'start',
  'VmService/StopVm': 'stop',
  'VmService/KillVm': 'kill',
  'VmService/DeleteVm': 'rm',
  'VmService/SyncClock': 'sync-time',
  'FileService/Write': 'cp',
  'FileService/WriteTar': 'cp --recursive',
  'FileService/MakeDirectory': 'files mkdir',
  'FileService/Rename': 'files mv',
  'FileService/Remove': 'files rm',
  'FileService/SetMode': 'files chmod',
  'FileService/SetOwner': 'files chown',
  'FilesystemService/Freeze': 'freeze',
  // While a command runs on the host.
  'FilesystemService/Renew': 'freeze',
  'FilesystemService/Thaw': 'thaw',
  'FilesystemService/Trim': 'trim',
  'GuestProcessService/Signal': 'signal',
  'NetworkService/SetNetwork': 'network set',
  'NetworkService/ConfirmNetwork': 'network confirm',
  'NetworkService/RollBackNetwork': 'network rollback',
  'PowerService/Shutdown': 'shutdown',
  'PowerService/CancelShutdown': 'shutdown --cancel',
  'PowerService/Suspend': 'suspend',
  'PowerService/SetHardware': 'cpu off',
  'VmService/WakeVm': 'wake',
  'VmService/UpdateAgent': 'agent update',
  'VmService/InstallAgent': 'agent install',
  // Parts of what the node does for `inn agent update`.
  'UpdateService/Apply': 'agent update',
  'UpdateService/Confirm': 'agent update',
  'ProcessService/Exec': 'exec',
  'AdoptService/AdoptVm': 'adopt',
  'AdoptService/ConnectProxmox': 'adopt',
  'AdoptService/ReleaseVm': 'release',
  // Files that stay open between calls are for clients of the QEMU guest agent; a person copies.
  'FileHandleService/Open': 'cp',
  'FileHandleService/Create': 'cp',
  'FileHandleService/Read': 'cp',
  'FileHandleService/Write': 'cp',
  'FileHandleService/Seek': 'cp',
  'FileHandleService/Flush': 'cp',
  'FileHandleService/Close': 'cp',
  'TunnelService/Connect': 'tunnel',
  'AccountService/Change': 'account passwd',
  'AccountService/ChangeKeys': 'ssh-key add',
  'SystemService/ChangeSettings': 'guest set',
  // A part of what the node does for `inn sync-time`.
  'SystemService/SyncClock': 'sync-time',
  'UnitService/Control': 'services stop',
  // The node corrects the clocks of its VMs by itself; with exec, a person sets another time.
  'TelemetryService/AdjustClock': 'exec',
  // Sent on when inn gets the signal itself.
  'ProcessService/Signal': 'exec',
};

/** What a field of a request changes, for methods that have many. */
const fields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'VmService/UpdateVm': {
    autostart: '--autostart',
    name: '--name',
    cpus: '--cpus',
    memory_bytes: '--memory',
    tags: '--tag',
    remove_tags: '--untag',
  },
  'AccessService/UpdateUser': { set_roles: '--role', roles: '--role', disabled: '--login', password: '--password' },
};

const services: readonly DescService[] = [...Object.values(controlServices), ...agentServices];
const changes = services
  .flatMap(({ methods }) => methods)
  .filter(isChange)
  .map((method) => ({ method, name: `${method.parent.name}/${method.name}` }));

async function findCommand(words: string): Promise<Command | undefined> {
  const program = buildProgram();
  await loadCommands(program);
  let found: Command | undefined = program;
  for (const word of words.split(' ').filter((each) => !each.startsWith('--'))) {
    found = found?.commands.find((command) => command.name() === word);
  }
  return found;
}

test('every method that changes something has a verb of inn, and no verb is listed for a method that is gone', () => {
  assert.deepEqual(
    changes.map(({ name }) => name).filter((name) => verbs[name] === undefined),
    [],
    'without a verb',
  );
  const names = changes.map(({ name }) => name);
  assert.deepEqual(
    Object.keys(verbs).filter((name) => !names.includes(name)),
    [],
    'not a method',
  );
});

test('the verb of every method is a command of inn, and has the option that is named', async () => {
  for (const [method, words] of Object.entries(verbs)) {
    const command = await findCommand(words);
    assert.ok(command !== undefined, `${method}: there is no inn ${words}`);
    const option = words.split(' ').find((word) => word.startsWith('--'));
    const has = option === undefined || command.options.some(({ long }) => long === option);
    assert.ok(has, `${method}: inn ${words} has no such option`);
  }
});

test('every field of UpdateVm and UpdateUser has an option of its command', async () => {
  for (const [name, options] of Object.entries(fields)) {
    const { method } = changes.find((change) => change.name === name) ?? {};
    const settings = (method?.input.fields ?? []).map((field) => field.name).slice(1);
    assert.deepEqual(settings.sort(), Object.keys(options).sort(), name);
    const command = await findCommand(verbs[name] ?? '');
    for (const option of Object.values(options)) {
      assert.ok(
        command?.options.some(({ long }) => long === option),
        `${name}: ${option}`,
      );
    }
  }
});
