import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type AgentLink, createAdoptedLink } from '@innkeeper/agent-client';
import { parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { FileServiceLite, TelemetryServiceLite, UnitServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';

const program = ['/usr/sbin/qemu-ga', '/usr/bin/qemu-ga'].find(existsSync);
const skip = program === undefined && 'qemu-ga is not installed: apt-get install qemu-guest-agent';

describe('Debian’s qemu-ga', { skip }, () => {
  let folder = '';
  let process: ChildProcess;
  let link: AgentLink;
  const reports: Telemetry[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-qga-'));
    const socket = join(folder, 'qga.sock');
    process = spawn(program ?? '', ['-m', 'unix-listen', '-p', socket, '-t', folder, '-f', join(folder, 'pid')], {
      stdio: 'ignore',
    });
    await until(() => existsSync(socket), { what: 'qemu-ga to listen' });
    link = createAdoptedLink({ address: parseAgentAddress(`unix:${socket}`), nodeVersion: '1', sampleMs: 50 });
    link.onTelemetry((report) => reports.push(report));
    await until(() => link.state.state === 'connected' && reports.length > 1, { what: 'the link to connect' });
  });

  after(async () => {
    await link?.[Symbol.asyncDispose]();
    process?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  async function run(argv: string[], more: object = {}) {
    await using session = link.exec({ argv, ...more });
    const output = { stdout: '', stderr: '' };
    for await (const { event } of session.events) {
      if (event.case === 'output')
        output[event.value.stream === 2 ? 'stderr' : 'stdout'] += Buffer.from(event.value.data);
      if (event.case === 'exited') return { ...output, exited: event.value };
    }
    throw new Error('no exit');
  }

  it('reports its version, the guest’s system and what it lacks, with the reason', async () => {
    assert.ok(link.state.state === 'connected');
    assert.match(link.state.welcome.agentVersion, /^qemu-ga \d+\.\d+/);
    assert.ok(link.capabilities.has('exec') && link.capabilities.has('file.read'));
    const system = await link.call(TelemetryServiceLite.getSystem, {});
    assert.equal(system.hostname, spawnSync('hostname').stdout.toString().trim());
    const units = system.missingCapabilities.find(({ name }) => name === 'units');
    assert.equal(units?.reason, 'The protocol of the QEMU guest agent has no word for it');
  });

  it('reports figures of the guest, and none that it does not know', () => {
    const report = reports.at(-1);
    const memory = report?.memory;
    assert.ok(memory?.totalBytes !== undefined && memory.totalBytes > 0n && memory.usedBytes !== undefined);
    assert.ok(report?.uptimeSeconds !== undefined && report.load?.oneMinute !== undefined);
    assert.equal(typeof report.cpu?.busyPercent, 'number');
    assert.deepEqual([report.processCount, report.cpuPressure], [undefined, undefined]);
  });

  it('runs a command with its output, errors, exit code, input, variables and folder', async () => {
    const { stdout, stderr, exited } = await run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    assert.deepEqual([stdout, stderr, exited.status], ['out\n', 'err\n', { case: 'exitCode', value: 3 }]);
    assert.equal(
      (await run(['sh', '-c', 'echo $A; pwd'], { environment: { A: 'b c' }, workingDirectory: '/usr' })).stdout,
      'b c\n/usr\n',
    );
    await using session = link.exec({ argv: ['cat'], stdin: true });
    await session.writeStdin(Buffer.from('päng'));
    await session.endStdin();
    for await (const { event } of session.events)
      if (event.case === 'output') assert.equal(Buffer.from(event.value.data).toString(), 'päng');
  });

  it('ends a command at its timeout, and passes a signal on', async () => {
    const { exited } = await run(['sleep', '60'], { timeoutMs: 100 });
    assert.deepEqual([exited.ending, exited.status], [2, { case: 'signal', value: 15 }]);
  });

  it('says that a program does not exist', async () => {
    await assert.rejects(run(['/nope/nothing']), { reason: 'COMMAND_NOT_FOUND' });
  });

  it('copies a file of several chunks in both directions, byte for byte', async () => {
    const content = Buffer.alloc(2_500_000, 'abcdefg');
    const path = join(folder, 'copied');
    const { bytes } = await link.writeFile({ path, mode: 0o640 }, async function* () {
      yield content.subarray(0, 1_300_000);
      yield content.subarray(1_300_000);
    });
    assert.equal(bytes, BigInt(content.length));
    assert.deepEqual(await readFile(path), content);
    assert.equal((await stat(path)).mode & 0o777, 0o640);
    const reading = link.readFile({ path, sha256: true });
    const chunks: Uint8Array[] = [];
    for await (const chunk of reading.chunks) chunks.push(chunk.slice());
    assert.deepEqual(Buffer.concat(chunks), content);
    assert.equal((await reading.info).sizeBytes, BigInt(content.length));
    const info = await link.call(FileServiceLite.stat, { path, follow: true });
    assert.deepEqual([info.sizeBytes, info.mode], [BigInt(content.length), 0o640]);
  });

  it('an upload that fails leaves the file that it would have replaced, and no part', async () => {
    const path = join(folder, 'kept');
    await writeFile(path, 'before');
    const broken = link.writeFile({ path }, async function* () {
      yield Buffer.from('after');
      throw new RangeError('the source ended');
    });
    await assert.rejects(broken, RangeError);
    assert.equal(await readFile(path, 'utf8'), 'before');
    assert.deepEqual(
      spawnSync('ls', [folder])
        .stdout.toString()
        .split('\n')
        .filter((name) => name.includes('.part')),
      [],
    );
  });

  it('refuses what it lacks by the capability, before anything is sent', async () => {
    await assert.rejects(link.call(UnitServiceLite.list, {}), { reason: 'UNSUPPORTED_BY_AGENT', message: /"units"/ });
    await assert.rejects(run(['true'], { user: 'nobody' }), { reason: 'UNSUPPORTED_BY_AGENT', message: /"exec.user"/ });
    await assert.rejects(run(['true'], { terminal: { columns: 80, rows: 24 } }), { message: /"exec.pty"/ });
    assert.throws(() => link.attach('x', 0n), { message: /"exec.resume"/ });
  });

  it('leaves its socket to other clients between two exchanges', async () => {
    const other = createAdoptedLink({
      address: parseAgentAddress(`unix:${join(folder, 'qga.sock')}`),
      nodeVersion: '1',
      sampleMs: 50,
    });
    await using stack = new AsyncDisposableStack();
    stack.use(other);
    await until(() => other.state.state === 'connected', { what: 'the other link to connect' });
    assert.equal((await run(['echo', 'both'])).stdout, 'both\n');
  });
});
