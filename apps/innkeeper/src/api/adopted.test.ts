import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { startAgentMessageModel } from '../../../../packages/agent-client/src/links/agent-message/fake/agent-message-model.ts';
import { startJsonFramesModel } from '../../../../packages/agent-client/src/links/json-frames/fake/json-frames-model.ts';
import { type QgaModel, startQgaModel } from '../../../../packages/agent-client/src/links/qga/fake/qga-model.ts';
import { runInn } from '../../../cli/src/testing/run-inn.ts';
import { adoptVm } from '../node/adopted/adopt-vm.ts';
import { startTestNode, testHost } from '../node/fake/test-node.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

interface Adopted extends AsyncDisposable {
  readonly api: ServedApi;
  readonly model: QgaModel;
  inn(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number | null }>;
}

async function served(): Promise<Adopted> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-adopted-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(
    await startQgaModel(join(folder, 'qga.sock'), {
      answers: {
        'guest-exec': () => ({ return: { pid: 42 } }),
        'guest-exec-status': () => ({ return: { exited: true, exitcode: 5, 'out-data': 'aGVsbG8K' } }),
        'guest-network-get-interfaces': () => ({
          return: [
            {
              name: 'eth0',
              'hardware-address': '52:54:00:12:34:56',
              'ip-addresses': [{ 'ip-address': '10.1.2.3', 'ip-address-type': 'ipv4', prefix: 24 }],
            },
          ],
        }),
      },
    }),
  );
  const api = stack.use(await serveApi({}));
  const owned = stack.move();
  return {
    api,
    model,
    inn: (...words) => runInn(api.socketPath, words),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('a VM that somebody else runs', () => {
  it('is adopted by its QGA socket, listed with its address, and runs commands, which are audited', async () => {
    await using one = await served();
    const adopted = await one.inn('adopt', 'theirs', '--agent', `unix:${one.model.path}`);
    assert.equal(adopted.stdout, 'theirs is adopted, and its agent answers: qemu-ga 10.2.0.\n', adopted.stderr);
    await until(() => one.api.node.get('theirs').agent.telemetry !== undefined);
    assert.match((await one.inn('ls')).stdout, /^theirs +running +connected +10\.1\.2\.3 /m);
    const show = await one.inn('show', 'theirs');
    assert.match(show.stdout, /hostname +modelled/);
    assert.match(show.stdout, /cannot .*units.*\(The protocol of the QEMU guest agent has no word for it\)/);
    const exec = await one.inn('exec', 'theirs', '--', 'echo', 'hello');
    assert.deepEqual([exec.stdout, exec.exitCode], ['hello\n', 5]);
    assert.match((await one.inn('audit')).stdout, /AdoptService\/AdoptVm[\s\S]*guest\.exec/);
    assert.match((await one.inn('events', 'theirs')).stdout, /vm\.adopted/);
  });

  it('is not started, stopped, killed or removed, and each refusal names the next step', async () => {
    await using one = await served();
    await one.inn('adopt', 'theirs', '--agent', `unix:${one.model.path}`);
    for (const [words, next] of [
      [['stop', 'theirs'], /inn shutdown theirs/],
      [['kill', 'theirs'], /where the VM runs/],
      [['rm', '--yes', '--force', 'theirs'], /inn release theirs/],
      [['set', 'theirs', '--cpus', '4'], /where the VM runs/],
      [['console', 'theirs'], /where the VM runs/],
    ] as const) {
      const { stderr, exitCode } = await one.inn(...words);
      assert.match(stderr, /UNSUPPORTED_BY_DRIVER/, words.join(' '));
      assert.match(stderr, next);
      assert.notEqual(exitCode, 0);
    }
    assert.equal(one.api.node.get('theirs').life.state, 'running');
  });

  it('is released without a word to its agent', async () => {
    await using one = await served();
    await one.inn('adopt', 'theirs', '--agent', `unix:${one.model.path}`);
    await until(() => one.model.clients === 0);
    const { length } = one.model.asked;
    assert.match((await one.inn('release', 'theirs')).stdout, /theirs is released; nothing was changed in it/);
    assert.equal(one.api.node.find('theirs'), undefined);
    assert.deepEqual(await one.api.store.vms.list(), []);
    const kinds = JSON.parse((await one.inn('events', '-o', 'json')).stdout) as { readonly kind: string }[];
    assert.deepEqual(
      kinds.map(({ kind }) => kind).filter((kind) => /released|deleted/.test(kind)),
      ['vm.released'],
    );
    assert.ok(
      one.model.asked
        .slice(length)
        .every(
          ({ command }) =>
            command.startsWith('guest-get') ||
            command === 'guest-ping' ||
            command.startsWith('guest-network') ||
            command === 'guest-fsfreeze-status',
        ),
    );
    await one.api.createVm('ours', { agent: false });
    assert.match((await one.inn('release', 'ours')).stderr, /UNSUPPORTED_BY_DRIVER/);
  });

  it('is adopted although its agent does not answer, and the doctor says what is known', async () => {
    await using one = await served();
    await adoptVm(one.api.node, { name: 'silent', agent: 'unix:/nonexistent/qga.sock', tags: {} });
    const { stdout } = await one.inn('doctor', 'silent');
    assert.match(stdout, /Somebody else runs this VM; its agent is at unix:\/nonexistent\/qga\.sock,dialect=qga/);
    for (const agent of ['unix:relative', 'tcp:/x', 'unix:/x,dialect=morse', 'http://h:99999', 'unix:/a:5'])
      assert.match((await one.inn('adopt', 'bad', '--agent', agent)).stderr, /INVALID_ARGUMENT/, agent);
  });

  it('with only qemu-ga, with a JSON-frames agent, an AgentMessage agent or an HTTP agent is in one list, with its figures', async () => {
    await using one = await served();
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-adopted-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const frames = stack.use(await startJsonFramesModel(join(folder, 'vm.vsock'), { vsock: { port: 1024 } }));
    const messages = stack.use(await startAgentMessageModel(join(folder, 'agent.sock')));
    const web = createServer((request, response) => {
      const health = { status: 'healthy', version: '0.1.0' };
      response.end(JSON.stringify(request.url === '/health' ? health : { cpu_usage_percent: 50, uptime_seconds: 60 }));
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    stack.defer(() => {
      web.closeAllConnections();
      web.close();
    });
    const { port } = web.address() as AddressInfo;
    const addresses = {
      qga: `unix:${one.model.path}`,
      frames: `vsock:${frames.path}`,
      // Nobody says what it speaks.
      messages: `unix:${messages.path}`,
      web: `http://127.0.0.1:${port}`,
    };
    for (const [name, agent] of Object.entries(addresses)) await adoptVm(one.api.node, { name, agent, tags: {} });
    await until(() => Object.keys(addresses).every((name) => one.api.node.get(name).agent.telemetry !== undefined));
    const { stdout } = await one.inn('ls', '-o', 'csv', '--columns', 'name,agent,address,cpu');
    assert.deepEqual(stdout.trim().split('\n').slice(1), [
      'frames,connected,,13 %',
      'messages,connected,10.9.8.7,25 %',
      'qga,connected,10.1.2.3,',
      'web,connected,,50 %',
    ]);
    const shown = {
      qga: [/version +qemu-ga 10\.2\.0/, /address +unix:.*,dialect=qga/, /hostname +modelled/, /cannot .*units/],
      frames: [/address +vsock:.*:1024,dialect=json-frames/, /hostname +framed/, /cannot .*power/],
      messages: [/address +unix:.*,dialect=agent-message/, /cannot .*units/],
      web: [/version +HTTP agent 0\.1\.0/, /address +http:\/\/127\.0\.0\.1:/, /cannot .*exec/],
    };
    for (const [name, patterns] of Object.entries(shown)) {
      const { stdout: text } = await one.inn('show', name);
      assert.match(text, /^agent\n +state +connected/m, name);
      for (const pattern of patterns) assert.match(text, pattern, name);
    }
    assert.match((await one.inn('exec', 'web', '--', 'true')).stderr, /"exec".*UNSUPPORTED_BY_AGENT/s);
    assert.equal((await one.inn('exec', 'frames', '--', 'echo', 'hi')).stdout, 'hi\n');
    assert.equal((await one.inn('exec', 'messages', '--', 'echo', 'hi')).stdout, 'echo hi\n');
  });

  it('of libvirt is found through virsh, and adopted for reading', async () => {
    await using one = await served();
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-virsh-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const virsh = `#!/bin/sh
case "$*" in
*list*) printf 'Web_1\\n\\n--bad\\n';;
*guest-info*) echo '{"return":{"version":"7.2","supported_commands":[{"name":"guest-exec","enabled":true},{"name":"guest-exec-status","enabled":true}]}}';;
*guest-ping*) echo '{"return":{}}';;
*) echo 'error: not now' >&2; exit 1;;
esac
`;
    await writeFile(join(folder, 'virsh'), virsh, { mode: 0o755 });
    const { PATH } = process.env;
    process.env['PATH'] = `${folder}:${PATH}`;
    stack.defer(() => {
      process.env['PATH'] = PATH;
    });
    assert.equal((await one.inn('adopt', '--libvirt')).stdout, 'web-1 is adopted, for reading.\n');
    assert.match((await one.inn('adopt', '--libvirt')).stdout, /web-1 is left alone/);
    await one.inn('wait', 'web-1', '--timeout', '20s');
    assert.match(
      (await one.inn('exec', '-n', 'web-1', '--', 'true')).stderr,
      /adopted for reading only.*UNSUPPORTED_BY_AGENT/,
    );
  });

  it('is not adopted by a socket of the daemon or of its VMs, neither directly nor by a link', async () => {
    await using one = await served();
    const link = join(one.api.folder, '..', `link-${process.pid}`);
    await using stack = new AsyncDisposableStack();
    await symlink(one.api.folder, link);
    stack.defer(() => rm(link, { force: true }));
    for (const path of [one.api.socketPath, join(one.api.folder, 'run/x/agent.sock'), join(link, 'control.sock')])
      for (const kind of ['unix', 'vsock'])
        assert.match((await one.inn('adopt', 'own', '--agent', `${kind}:${path}`)).stderr, /own data folder/, path);
    assert.equal(one.api.node.find('own'), undefined);
  });

  it('is found again by the next daemon', async () => {
    await using host = await testHost();
    const first = await startTestNode(host.folder, host.host);
    await adoptVm(first.node, { name: 'theirs', agent: 'unix:/nonexistent/qga.sock', tags: { env: 'prod' } });
    await first.stop();
    const second = await startTestNode(host.folder, host.host);
    const { life, row, running } = second.node.get('theirs');
    assert.deepEqual([life.state, row.tags], ['running', '{"env":"prod"}']);
    assert.equal(running?.adoptedAgent, 'unix:/nonexistent/qga.sock,dialect=qga');
    await second.stop();
  });
});
