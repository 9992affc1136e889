import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ExecRequestSchema, FileService } from '../agent.ts';
import { agentServices } from '../agent-services.ts';
import { compatServices } from '../compat-services.ts';
import * as control from '../control.ts';
import { StartRunRequestSchema } from '../control.ts';
import { ExecuteScriptRequestSchema } from '../gen/compat/compute_pb.ts';
import { isChange, methodName, OnDisconnect, requestedCommand, rulesOf, Subject } from './index.ts';

const services = [
  ...agentServices,
  ...compatServices,
  ...Object.values(control).filter((value) => typeof value === 'object' && 'kind' in value && value.kind === 'service'),
];
const methods = services.flatMap((service) => service.methods);

describe('rules of methods', () => {
  it('every method declares its privilege, its target and whether it is audited', () => {
    assert.ok(methods.length > 60);
    for (const method of methods) {
      const { privilege, subject, audit } = rulesOf(method);
      assert.ok(privilege !== '' && subject !== 0 && audit !== 0, methodName(method));
    }
  });

  it('every method about one VM declares the field that names it', () => {
    for (const method of methods) {
      const { subject } = rulesOf(method);
      if (subject !== Subject.VM || method.parent.file.proto.package === 'innkeeper.agent.v1') continue;
      const names = method.input.fields.map(({ name }) => name);
      assert.ok(names.includes('vm') || names.includes('vm_id'), methodName(method));
    }
  });

  it('every method of the agent declares what a disconnect does and which capability it needs', () => {
    for (const method of agentServices.flatMap((service) => service.methods)) {
      const { onDisconnect, capability, timeoutSeconds } = rulesOf(method);
      assert.ok(onDisconnect !== OnDisconnect.UNSPECIFIED && capability !== '', methodName(method));
      assert.equal(timeoutSeconds > 0, method.methodKind === 'unary', `${methodName(method)} and its deadline`);
    }
  });

  it('methods without side effects are distinguished from those that change something', () => {
    assert.deepEqual([isChange(FileService.method.stat), isChange(FileService.method.rename)], [false, true]);
  });
});

describe('requestedCommand()', () => {
  it('requestedCommand() finds the command of a request by the options of its fields', () => {
    const start = { case: 'start' as const, value: { argv: ['ls', '-l'], environment: { A: 'b' } } };
    assert.deepEqual(requestedCommand(ExecRequestSchema, create(ExecRequestSchema, { input: start })), {
      argv: ['ls', '-l'],
      isShell: false,
      hasEnvironment: true,
    });
    const script = create(StartRunRequestSchema, { spec: { script: 'rm -r /' } });
    assert.equal(requestedCommand(StartRunRequestSchema, script)?.isShell, true);
    assert.equal(requestedCommand(StartRunRequestSchema, create(StartRunRequestSchema)), undefined);
  });

  it('requestedCommand() treats a program with arguments as such, and a line without arguments as a shell command', () => {
    const of = (command: string, args: string[]) =>
      requestedCommand(ExecuteScriptRequestSchema, create(ExecuteScriptRequestSchema, { command, args }));
    assert.deepEqual(of('ls', ['-l']), { argv: ['ls', '-l'], isShell: false, hasEnvironment: false });
    assert.equal(of('ls -l', [])?.isShell, true);
    assert.equal(of('', [])?.isShell, true);
  });
});
