import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, type DescField, type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { ExecRequestSchema, ProcessSpecSchema, SetHardwareRequestSchema } from '@innkeeper/contract/agent';
import { AuditField, auditAction, fieldRulesOf, isCoalesced } from '@innkeeper/contract/rules';
import { type Log, silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import type { AuditRow } from '@innkeeper/store';
import { WebSocket } from 'ws';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { isText, redactRequest } from '../audit/redact.ts';
import { allMethods } from './testing/all-methods.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const secret = 'hunter2-and-more';
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** A coalesced entry contains nothing of its requests. */
const audited = allMethods.filter((method) => auditAction(method) !== undefined && !isCoalesced(method));

/** Every text, bytes and map of a message and the messages in it. */
function textFields(schema: DescMessage, seen = new Set<DescMessage>()): DescField[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  return schema.fields.flatMap((field) => {
    const inner = 'message' in field ? field.message : undefined;
    if (inner !== undefined && field.fieldKind !== 'map') return textFields(inner, seen);
    return isText(field) ? [field] : [];
  });
}

/** Puts the secret into every text of a message. */
function fill(message: ReflectMessage): Message {
  for (const field of message.fields) {
    if (field.fieldKind === 'message') message.set(field, reflect(field.message, fill(reflect(field.message))));
    else if (field.fieldKind === 'scalar' && field.scalar === 9) message.set(field, secret);
    else if (field.fieldKind === 'scalar' && field.scalar === 12) message.set(field, Buffer.from(secret));
    else if (field.fieldKind === 'map' && field.mapKind === 'scalar') message.get(field).set('NAME', secret);
    else if (field.fieldKind === 'list' && field.listKind === 'scalar' && isText(field)) message.get(field).add(secret);
  }
  return message.message;
}

describe('redaction', () => {
  it('every text field of every audited request declares what the audit keeps', () => {
    const fields = [ProcessSpecSchema, ...audited.map(({ input }) => input)].flatMap((schema) => textFields(schema));
    const missing = fields.filter((field) => fieldRulesOf(field).audit === AuditField.UNSPECIFIED);
    assert.deepEqual([...new Set(missing.map(String))], [], 'give each an option (field).audit in its .proto');
  });

  it('the audit contains nothing of hidden fields, in any message', () => {
    for (const schema of [ProcessSpecSchema, ...audited.map(({ input }) => input)]) {
      const kept = JSON.stringify(redactRequest(schema, fill(reflect(schema))));
      const isKept = (field: DescField): boolean => fieldRulesOf(field).audit === AuditField.KEEP;
      const hidden = textFields(schema).filter((field) => !isKept(field));
      const visible = textFields(schema).filter(isKept);
      const count = kept.split(secret).length - 1;
      assert.ok(count <= visible.length, `${schema.name} reveals one of ${hidden.join(', ')}: ${kept}`);
    }
  });

  it('the audit cuts long texts, and keeps names of environment variables but not their values', () => {
    const kept = redactRequest(
      ProcessSpecSchema,
      create(ProcessSpecSchema, { argv: ['x'.repeat(5000)], environment: { TOKEN: secret } }),
    );
    assert.deepEqual(kept['environment'], ['TOKEN']);
    assert.ok(JSON.stringify(kept).length < 1200);
  });
});

it('the audit keeps the numbers of a list', () => {
  const request = create(SetHardwareRequestSchema, { ids: [1, 3], online: true });
  assert.deepEqual(redactRequest(SetHardwareRequestSchema, request), { ids: [1, 3], online: true });
});

describe('the audit', () => {
  let api: ServedApi;
  let base: string;
  let headers: Record<string, string>;
  const lines: string[] = [];
  const take = (event: string, fields?: object): void =>
    void lines.push(JSON.stringify([event, fields], (_, value) => (typeof value === 'bigint' ? String(value) : value)));
  const log: Log = { debug: take, info: take, warn: take, error: take, with: () => log };

  before(async () => {
    const guest = new FakeHost({ clock: unrefClock });
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      log,
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    base = await api.listenTcp();
    await api.createVm('one');
    await api.access.users.createFirst();
    headers = { ...(await sessionOf(api.access, 'admin')) };
  });
  after(() => api[Symbol.asyncDispose]());

  const newest = async (action: string): Promise<AuditRow & { facts: Record<string, unknown> }> => {
    const [row] = await api.store.audit.list({ action, limit: 1 });
    assert.ok(row, `no entry for ${action}`);
    return { ...row, facts: JSON.parse(row.parameters) as Record<string, unknown> };
  };

  it('the audit records who did what to which VM from where, and the result', async () => {
    await callJson(base, 'VmService/KillVm', { vm: 'nobody' }, headers);
    const { user_name, via, address, action, result, facts } = await newest('VmService/KillVm');
    assert.deepEqual(
      [user_name, via, address, action, result, facts],
      ['admin', 'session', '127.0.0.1', 'VmService/KillVm', 'VM_NOT_FOUND', { vm: 'nobody' }],
    );
    await makeUser(api.access, 'mia', ['vm.view']);
    await callJson(base, 'VmService/KillVm', { vm: 'one' }, { ...(await sessionOf(api.access, 'mia')) });
    const refused = await newest('VmService/KillVm');
    assert.deepEqual([refused.user_name, refused.result], ['mia', 'PRIVILEGE_MISSING']);
    await callJson(base, 'VmService/ListVms', {}, headers);
    assert.deepEqual(await api.store.audit.list({ action: 'VmService/ListVms', limit: 1 }), []);
  });

  it('the audit records a command before it runs, and its exit code and bytes afterwards', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { cookie: headers['cookie'], origin: base },
    });
    await once(socket, 'open');
    const value = { id: 'a', argv: ['sh', '-c', 'echo hi; exit 3'], environment: { TOKEN: secret }, stdin: true };
    socket.send(toBinary(ExecRequestSchema, create(ExecRequestSchema, { input: { case: 'start', value } })));
    await once(socket, 'close');
    const end = await newest('guest.exec');
    assert.deepEqual([end.vm_name, end.result], ['one', 'ok']);
    const { duration_ms, ...facts } = end.facts;
    assert.deepEqual(facts, {
      id: 'a',
      argv: ['sh', '-c', 'echo hi; exit 3'],
      environment: ['TOKEN'],
      stdin: true,
      exit_code: 3,
      stdout_bytes: 3,
      stderr_bytes: 0,
    });
    assert.equal(typeof duration_ms, 'number');
    const begin = await newest('guest.exec.begin');
    assert.ok(begin.id < end.id);
  });

  it('a client that leaves a running command is in the audit as such, and the command has not failed', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { cookie: headers['cookie'], origin: base },
    });
    await once(socket, 'open');
    const value = { id: 'left', argv: ['sleep', '600'] };
    socket.send(toBinary(ExecRequestSchema, create(ExecRequestSchema, { input: { case: 'start', value } })));
    await once(socket, 'message');
    socket.close();
    await until(async () => (await newest('guest.exec')).action === 'guest.exec');
    const { result, facts } = await newest('guest.exec');
    assert.deepEqual([result, facts], ['ok', { id: 'left', argv: ['sleep', '600'], client_left: true }]);
  });

  it('the audit records files by path and size, not by content', async () => {
    const url = `${base}/v1/vms/one/files?path=/root/letter`;
    const written = await fetch(url, { method: 'PUT', body: secret, headers });
    assert.equal(written.status, 200, await written.text());
    assert.equal(await (await fetch(url, { headers })).text(), secret);
    const write = await newest('guest.file.write');
    assert.deepEqual([write.facts['path'], write.facts['bytes'], write.result], ['/root/letter', secret.length, 'ok']);
    const read = await newest('guest.file.read');
    assert.deepEqual([read.facts['bytes'], read.result], [secret.length, 'ok']);
    await (await fetch(`${base}/v1/vms/one/files?path=/none`, { headers })).text();
    assert.equal((await newest('guest.file.read')).result, 'FILE_NOT_FOUND');
  });

  it('neither the audit nor the log contains a secret or a typed user name that does not exist', async () => {
    await callJson(base, 'AccessService/Login', { user: secret, password: secret });
    await callJson(base, 'AccessService/LoginWithLink', { secret });
    await callJson(base, 'AccessService/CreateUser', { name: 'zoe', password: secret }, headers);
    await callJson(base, 'AccessService/UpdateUser', { name: 'zoe', password: `${secret}!` }, headers);
    await callJson(base, 'AccessService/ChangePassword', { currentPassword: secret, newPassword: secret }, headers);
    const made = await callJson(base, 'AccessService/CreateToken', { name: 'ci', privileges: ['*'] }, headers);
    const rows = JSON.stringify(await api.store.audit.list({ limit: 1000 }));
    const cookie = headers['cookie']?.split('=')[1] ?? '';
    for (const text of [secret, cookie, headers['x-innkeeper-csrf'] ?? '', String(made.body['secret'])]) {
      assert.ok(!rows.includes(text), 'in the audit');
      assert.ok(!lines.join('\n').includes(text), 'in the log');
    }
    assert.equal((await newest('login')).facts['user'] ?? '(unknown)', '(unknown)');
    const row = JSON.stringify(await api.store.users.find('zoe'));
    assert.match(row, /\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('the audit can be listed, filtered, exported and verified', async () => {
    const list = (request: object): Promise<{ body: Record<string, unknown> }> =>
      callJson(base, 'AuditService/ListAudit', request, headers);
    const { body } = await list({ action: 'guest.file', result: 'failed', vm: 'one' });
    assert.equal((body['entries'] as unknown[]).length, 1);
    assert.equal(((await list({ text: 'LETTER root', limit: 1 })).body['entries'] as unknown[]).length, 1);
    assert.equal((await list({ limit: 1 })).body['more'], true);
    assert.equal((await list({ text: '100%_' })).body['entries'], undefined);
    const exported = (await (await fetch(`${base}/v1/audit.jsonl?action=guest.`, { headers })).text())
      .trim()
      .split('\n');
    assert.ok(exported.length >= 4);
    assert.equal((JSON.parse(exported[0] ?? '') as { action: string }).action, 'guest.file.read');
    const verified = await callJson(base, 'AuditService/VerifyAudit', {}, headers);
    assert.ok(Number(verified.body['entries']) > 10);
    assert.equal(verified.body['brokenAtId'], undefined);
  });
});
