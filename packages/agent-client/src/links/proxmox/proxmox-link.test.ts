import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatAgentAddress, parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { AccountServiceLite, PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import type { AgentLink } from '../../agent-link.ts';
import { createAdoptedLink } from '../create-adopted-link.ts';
import { modelToken, type ProxmoxModel, type ProxmoxModelOptions, startProxmoxModel } from './fake/proxmox-model.ts';
import { listProxmoxVms } from './list-proxmox-vms.ts';
import { checkProxmoxServer, type ProxmoxServer } from './proxmox-server.ts';

async function modelled(options: ProxmoxModelOptions = {}, more: Partial<ProxmoxServer> = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-proxmox-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(await startProxmoxModel(folder, options));
  const { port, token, fingerprint } = model;
  const server = checkProxmoxServer({ host: '127.0.0.1', port, token, fingerprint, ...more });
  const link = (access = ',access=full'): AgentLink =>
    owned.use(
      createAdoptedLink({
        address: parseAgentAddress(`proxmox:127.0.0.1:${port}/100${access}`),
        nodeVersion: '1',
        sampleMs: 60_000,
        proxmox: async () => server,
      }),
    );
  const owned = stack.move();
  return { model, server, link, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function run(link: AgentLink, spec: Parameters<AgentLink['exec']>[0], input?: Uint8Array) {
  await using session = link.exec(spec);
  if (input !== undefined) {
    await session.writeStdin(input);
    await session.endStdin();
  }
  const seen = { output: Buffer.of(), truncated: false, status: undefined as unknown };
  for await (const { event } of session.events) {
    if (event.case === 'output') seen.output = Buffer.concat([seen.output, event.value.data]);
    if (event.case === 'exited') Object.assign(seen, { truncated: event.value.truncated, status: event.value.status });
  }
  return seen;
}

const agentCalls = (model: ProxmoxModel): string[] =>
  model.asked.flatMap(({ method, path }) =>
    path.includes('/agent/') ? [`${method} ${path.split('/agent/')[1]}`] : [],
  );

describe('a VM of Proxmox VE', () => {
  it('has an address without the token, and full access only where it is named', () => {
    assert.equal(formatAgentAddress(parseAgentAddress('proxmox:PVE.example/100')), 'proxmox:pve.example:8006/100');
    const full = 'proxmox:[fe80::1]:443/7,access=full';
    assert.equal(formatAgentAddress(parseAgentAddress(full)), full);
    for (const wrong of [
      'proxmox:h',
      'proxmox:h/0',
      'proxmox:h/../x',
      'proxmox:h:0/1',
      'proxmox:h/1,access=all',
      'proxmox:a@b/1',
    ])
      assert.throws(() => parseAgentAddress(wrong), { reason: 'INVALID_ARGUMENT' }, wrong);
  });

  it('is listed with its host, and templates, containers and hosts with a path for a name are left out', async () => {
    await using one = await modelled();
    assert.deepEqual(await listProxmoxVms(one.server), [{ vmId: 100, name: 'Web.Server', node: 'pve1' }]);
    assert.equal(one.model.asked[0]?.form.get('type'), 'vm');
  });

  it('shows its guest’s system, addresses and figures, and runs commands with their bytes, input and exit code', async () => {
    await using one = await modelled();
    const link = one.link();
    const reports: Telemetry[] = [];
    link.onTelemetry((report) => reports.push(report));
    await until(() => reports.length > 0);
    assert.equal(link.state.state === 'connected' && link.state.welcome.agentVersion, 'qemu-ga 9.0.2');
    assert.equal(reports[0]?.interfaces[0]?.addresses[0]?.address, '10.0.0.9');
    assert.equal((await run(link, { argv: ['echo', 'a b', 'ä'] })).output.toString('latin1'), 'echo a b ä\n');
    const bytes = Buffer.from([0, 1, 127, 128, 255]);
    assert.deepEqual((await run(link, { argv: ['cat'], stdin: true }, bytes)).output, bytes);
    const failed = await run(link, { argv: ['false'] });
    assert.deepEqual(failed, {
      output: Buffer.from('no\n'),
      truncated: true,
      status: { case: 'exitCode', value: 1 },
    });
  });

  it('gets and gives files byte for byte, a large one in pieces that the guest joins', async () => {
    await using one = await modelled();
    const link = one.link();
    const read: Uint8Array[] = [];
    for await (const chunk of link.readFile({ path: '/etc/issue' }).chunks) read.push(chunk.slice());
    assert.deepEqual(Buffer.concat(read), Buffer.from('päng\n\0\xff', 'latin1'));
    const content = Buffer.alloc(100_000, Buffer.from([0, 43, 47, 255]));
    await link.writeFile({ path: '/tmp/large' }, async function* () {
      yield content;
    });
    assert.deepEqual(one.model.files.get('/tmp/large'), content);
    assert.deepEqual([...one.model.files.keys()], ['/etc/issue', '/tmp/large']);
    await link.writeFile({ path: '/tmp/empty' }, async function* () {
      // Nothing.
    });
    assert.equal(one.model.files.get('/tmp/empty')?.length, 0);
    await assert.rejects(
      async () => {
        for await (const _ of link.readFile({ path: '/nope' }).chunks) assert.fail('it was read');
      },
      { reason: 'FILE_NOT_FOUND' },
    );
  });

  it('gets a password, is shut down, and refuses a reboot, for which the API has no word', async () => {
    await using one = await modelled();
    const link = one.link();
    await link.call(AccountServiceLite.change, { user: 'root', password: 'geheim ä' });
    const form = one.model.asked.find(({ path }) => path.endsWith('/set-user-password'))?.form;
    assert.deepEqual([form?.get('username'), form?.get('password'), form?.get('crypted')], ['root', 'geheim ä', '0']);
    assert.equal((await link.call(PowerServiceLite.shutdown, {})).method, 'guest-shutdown');
    await assert.rejects(link.call(PowerServiceLite.shutdown, { mode: 2 }), { reason: 'UNSUPPORTED_BY_AGENT' });
  });

  it('is only read until told otherwise: nothing that could change it is sent', async () => {
    await using one = await modelled();
    const link = one.link('');
    await until(() => link.state.state === 'connected');
    assert.deepEqual([...link.capabilities], ['telemetry']);
    await assert.rejects(run(link, { argv: ['true'] }), { message: /adopted for reading only/ });
    await assert.rejects(link.call(AccountServiceLite.change, { user: 'root', password: 'x' }), {
      message: /reading only/,
    });
    assert.ok(!agentCalls(one.model).some((call) => /exec|write|password|shutdown|freeze-freeze/.test(call)));
  });

  it('is found on another host after it was moved', async () => {
    const options: ProxmoxModelOptions = {};
    await using one = await modelled(options);
    const link = one.link();
    assert.equal((await run(link, { argv: ['echo', '1'] })).output.toString(), 'echo 1\n');
    options.node = 'pve2';
    await assert.rejects(run(link, { argv: ['echo', '2'] }), { reason: 'AGENT_UNREACHABLE' });
    assert.equal((await run(link, { argv: ['echo', '3'] })).output.toString(), 'echo 3\n');
    assert.ok(one.model.asked.some(({ path }) => path.startsWith('/nodes/pve2/')));
  });

  for (const [what, status, why] of [
    ['that is stopped', { status: 'stopped' }, /the VM does not run/],
    ['whose agent is off in its options', { status: 'running', agent: 0 }, /qm set 100 --agent 1/],
  ] as const)
    it(`${what} is lost, with that reason`, async () => {
      await using one = await modelled({ status });
      await assert.rejects(one.link().ping({ timeoutMs: 2_000 }), { reason: 'AGENT_UNREACHABLE', message: why });
    });

  it('refuses what the token’s user may not do, and says which privilege to give', async () => {
    await using one = await modelled({
      instead: ({ path }, response) => {
        if (!path.endsWith('/agent/exec')) return false;
        response.writeHead(403, 'Permission check failed (/vms/100, VM.GuestAgent.Unrestricted)').end('{"data":null}');
        return true;
      },
    });
    await assert.rejects(run(one.link(), { argv: ['true'] }), {
      reason: 'UNSUPPORTED_BY_AGENT',
      message: /VM\.GuestAgent\.Unrestricted/,
      nextStep: /\/vms\/100/,
    });
  });
});

describe('the API of a Proxmox VE', () => {
  const refused = async (one: { server: ProxmoxServer }, message: RegExp): Promise<void> =>
    await assert.rejects(listProxmoxVms(one.server), { reason: 'HYPERVISOR_UNREACHABLE', message });

  it('gets no request where the certificate is another than the pinned one', async () => {
    await using one = await modelled({}, { fingerprint: 'ab'.repeat(32) });
    await refused(one, /has the fingerprint [0-9a-f]{64}, not the one that was given/);
    assert.equal(one.model.asked.length, 0);
  });

  it('gets no request where nobody whom the host knows signed its certificate, but does with the authority', async () => {
    await using one = await modelled({}, { fingerprint: undefined });
    await refused(one, /certificate/);
    assert.equal(one.model.asked.length, 0);
    assert.equal((await listProxmoxVms({ ...one.server, ca: one.model.certificate })).length, 1);
  });

  it('is not followed to another address', async () => {
    await using one = await modelled({
      instead: (_, response) => {
        response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end();
        return true;
      },
    });
    await refused(one, /redirects elsewhere, which is not followed/);
  });

  it('may not answer with more than was asked for, garbage, or never', async () => {
    for (const [answer, why] of [
      [Buffer.alloc(17 * 1024 * 1024, 'x'), /more than 16777216 bytes/],
      ['not json', /not JSON/],
      ['{"data":7}', /not a list/],
    ] as const) {
      await using one = await modelled({
        instead: (_, response) => {
          response.end(answer);
          return true;
        },
      });
      await refused(one, why);
    }
  });

  it('that refuses the token or repeats it does not bring it into the error', async () => {
    await using one = await modelled({}, { token: `${modelToken}0` });
    await refused(one, /refuses the token/);
    const [, secret = ''] = modelToken.split('=');
    await using echo = await modelled({
      instead: (_, response) => {
        response.writeHead(500, `you are ${secret}`).end();
        return true;
      },
    });
    await refused(echo, /you are …/);
  });

  it('has a token of its form, and a fingerprint or an authority, not both', () => {
    const server = { host: 'h', port: 1, token: modelToken };
    const wrong = [
      { token: 'root@pam=secretsecret' },
      { token: 'root@pam!x=short' },
      { token: `${modelToken}\r\nx: y` },
      { fingerprint: 'abc' },
      { ca: 'no certificate' },
      { ca: '-----BEGIN CERTIFICATE-----', fingerprint: 'ab'.repeat(32) },
    ];
    for (const each of wrong)
      assert.throws(
        () => checkProxmoxServer({ ...server, ...each }),
        (error: Error) =>
          'reason' in error && error.reason === 'INVALID_ARGUMENT' && !error.message.includes('1234-1234'),
      );
  });
});
