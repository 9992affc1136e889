import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hostArchitecture } from '@innkeeper/images';
import { type QgaModelOptions, startQgaModel } from '../../../../packages/agent-client/src/links/qga/fake/qga-model.ts';
import { runInn } from '../../../cli/src/testing/run-inn.ts';
import { serveApi } from './testing/serve-api.ts';

const program = Buffer.from('\x7fELF the agent, as far as this test knows\0\xff', 'latin1');
const machine = hostArchitecture === 'amd64' ? 'x86_64' : 'aarch64';

/** A guest whose qemu-ga keeps files and commands in memory: nothing is run or written on this machine. */
function guest({ scriptCode = 0 } = {}) {
  const files = new Map<string, Buffer>();
  const handles = new Map<number, string>();
  const ran: string[][] = [];
  const modes: string[] = [];
  const answers: QgaModelOptions['answers'] = {
    'guest-get-osinfo': () => ({ return: { machine } }),
    'guest-file-open': ({ path }) => {
      handles.set(handles.size + 1, String(path));
      files.set(String(path), Buffer.of());
      return { return: handles.size };
    },
    'guest-file-write': ({ handle, 'buf-b64': text }) => {
      const path = handles.get(Number(handle)) ?? '';
      const bytes = Buffer.from(String(text), 'base64');
      files.set(path, Buffer.concat([files.get(path) ?? Buffer.of(), bytes]));
      return { return: { count: bytes.length, eof: false } };
    },
    'guest-file-flush': () => ({ return: {} }),
    'guest-file-close': () => ({ return: {} }),
    'guest-exec': ({ path, arg }) => {
      const words = [String(path), ...(arg as string[])];
      if (words[2]?.includes('exec mv') === true) {
        files.set(words.at(-1) ?? '', files.get(words.at(-2) ?? '') ?? Buffer.of());
        files.delete(words.at(-2) ?? '');
      } else if (words[0] === 'chmod') modes.push(words[1] ?? '');
      else ran.push(words);
      return { return: { pid: words[1]?.endsWith('install-agent.sh') === true ? 2 : 1 } };
    },
    'guest-exec-status': ({ pid }) => ({
      return:
        pid === 2
          ? { exited: true, exitcode: scriptCode, 'out-data': Buffer.from('no init here\n').toString('base64') }
          : { exited: true, exitcode: 0 },
    }),
  };
  return { files, ran, modes, answers };
}

async function served(options: { scriptCode?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-install-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const inside = guest(options);
  const model = stack.use(await startQgaModel(join(folder, 'qga.sock'), { answers: inside.answers }));
  const path = join(folder, 'agent');
  await writeFile(path, program);
  const api = stack.use(await serveApi({ agentPaths: { [hostArchitecture]: path } }));
  const inn = (...words: string[]) => runInn(api.socketPath, words);
  await inn('adopt', 'theirs', '--agent', `unix:${model.path},dialect=qga`);
  const owned = stack.move();
  return { folder, inside, inn, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('inn agent install', () => {
  it('sends the agent, its hash and the script through qemu-ga into a folder of root alone, runs it and removes them', async () => {
    await using one = await served();
    const { stdout, stderr } = await one.inn('agent', 'install', 'theirs');
    assert.match(stdout, /^The agent is installed/, stderr);
    const { files, ran, modes } = one.inside;
    const [[, , , folder = ''] = []] = ran;
    assert.match(folder, /^\/var\/tmp\/innkeeper-[0-9a-f]{16}$/);
    assert.deepEqual(ran, [
      ['mkdir', '-m', '700', folder],
      ['mkdir', '-m', '700', `${folder}/agent`],
      ['/bin/sh', `${folder}/install-agent.sh`],
      ['rm', '-rf', folder],
    ]);
    assert.deepEqual(modes, ['600', '600', '600']);
    const file = `${folder}/agent/linux-${hostArchitecture}`;
    assert.deepEqual(files.get(file), program);
    const hash = createHash('sha256').update(program).digest('hex');
    assert.equal(files.get(`${file}.sha256`)?.toString(), `${hash}  innkeeper-agent\n`);
    assert.match(files.get(`${folder}/install-agent.sh`)?.toString() ?? '', /^#!\/bin\/sh[\s\S]*\nurl=''\n/);
    assert.match((await one.inn('audit')).stdout, /put an agent|InstallAgent/);
  });

  it('fails with what the script said, and removes what it had sent', async () => {
    await using one = await served({ scriptCode: 1 });
    const { stderr, exitCode } = await one.inn('agent', 'install', 'theirs');
    assert.match(stderr, /failed in the guest with exitCode 1: no init here/);
    assert.notEqual(exitCode, 0);
    assert.equal(one.inside.ran.at(-1)?.[0], 'rm');
  });

  it('prints lines that download the agent, and lines that carry it, which a shell unpacks byte for byte', async () => {
    await using one = await served();
    const lines = await one.inn('agent', 'install', 'theirs', '--print', '--url', 'http://10.0.0.1:8080/');
    assert.equal(lines.stdout.split('\n')[0], 'curl -fsS http://10.0.0.1:8080/install-agent.sh | sh');
    assert.match((await one.inn('agent', 'install', 'theirs', '--print')).stderr, /--url, or use --base64/);
    const { stdout } = await one.inn('agent', 'install', 'theirs', '--print', '--base64');
    assert.ok(stdout.split('\n').every((line) => line.length < 200));
    // All but the last line, which would install it on this machine.
    const unpack = stdout.trimEnd().split('\n').slice(0, -1).join('\n');
    const { status, stderr } = spawnSync('sh', ['-e'], { input: unpack, env: { ...process.env, TMPDIR: one.folder } });
    assert.equal(status, 0, stderr.toString());
    const [made = ''] = (await readdir(one.folder)).filter((name) => name.startsWith('tmp.'));
    const agent = join(one.folder, made, 'agent', `linux-${hostArchitecture}`);
    assert.deepEqual(await readFile(agent), program);
    const hash = createHash('sha256').update(program).digest('hex');
    assert.equal(await readFile(`${agent}.sha256`, 'utf8'), `${hash}\n`);
    assert.match(await readFile(join(one.folder, made, 'install-agent.sh'), 'utf8'), /^#!\/bin\/sh/);
  });
});
