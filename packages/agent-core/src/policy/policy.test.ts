import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AccountServiceLite,
  FileHandleServiceLite,
  FileServiceLite,
  FilesystemServiceLite,
  LogServiceLite,
  PowerServiceLite,
  ProcessServiceLite,
  SystemServiceLite,
  TelemetryServiceLite,
  TunnelServiceLite,
  UnitServiceLite,
} from '@innkeeper/contract/agent-lite';
import { FakeHost } from '../fake/fake-host.ts';
import { startLimitedAgent } from '../fake/limited-agent.ts';
import { settle } from '../fake/manual-clock.ts';

const start = (id: string) => ({ input: { case: 'start' as const, value: { id, argv: ['true'] } } });
const denied = 'DENIED_BY_GUEST_POLICY';

/** The reason with which each of some calls ends, in order. */
async function outcomes(agent: Awaited<ReturnType<typeof startLimitedAgent>>): Promise<Record<string, string>> {
  const { node } = agent;
  const calls = {
    ping: await node.open(TelemetryServiceLite.ping, {}),
    system: await node.open(TelemetryServiceLite.getSystem, {}),
    adjust: await node.open(TelemetryServiceLite.adjustClock, { stepNs: 5n }),
    stat: await node.open(FileServiceLite.stat, { path: '/etc/passwd' }),
    mkdir: await node.open(FileServiceLite.makeDirectory, { path: '/tmp/new' }),
    upload: await node.open(FileServiceLite.getUpload, { path: '/tmp/x', uploadId: 'u' }),
    exec: await node.open(ProcessServiceLite.exec, start('a')),
    execs: await node.open(ProcessServiceLite.list, {}),
    tunnel: await node.open(TunnelServiceLite.connect, { input: { case: 'open', value: {} } }),
    freeze: await node.open(FilesystemServiceLite.getFreeze, {}),
    accounts: await node.open(AccountServiceLite.list, {}),
    settings: await node.open(SystemServiceLite.changeSettings, { hostname: 'x' }),
    shutdown: await node.open(PowerServiceLite.cancelShutdown, {}),
  };
  await settle();
  await agent.host.clock.advance(100);
  await settle();
  return Object.fromEntries(Object.entries(calls).map(([name, { reason }]) => [name, reason ?? 'open']));
}

const deniedOf = (all: Record<string, string>): string[] =>
  Object.entries(all)
    .filter(([, reason]) => reason === denied)
    .map(([name]) => name);

describe('the policy of a guest', () => {
  it('a guest without a file, and one whose file has no rules, denies nothing', async () => {
    const agent = await startLimitedAgent('telemetry_interval_secs = 7\n');
    assert.deepEqual(deniedOf(await outcomes(agent)), []);
    assert.deepEqual(agent.node.welcomes[0]?.deniedCapabilities, []);
    assert.deepEqual(
      agent.lines.filter((line) => line.includes('policy')),
      [],
    );
  });

  it('a host that names no interval gets reports at that of the guest', async () => {
    const { node, host } = await startLimitedAgent('telemetry_interval_secs = 7\n');
    const call = await node.open(TelemetryServiceLite.watch, {});
    await host.clock.advance(6900);
    assert.equal(call.messages.length, 1);
    await host.clock.advance(200);
    assert.equal(call.messages.length, 2);
    await call.cancel();
  });

  it('features that are off are missing with the rule as reason, and their calls are refused with its line', async () => {
    const agent = await startLimitedAgent('[policy]\nfeatures_off = ["exec", "file.write", "system"]\n');
    const { node } = agent;
    const [welcome] = node.welcomes;
    const off = [
      'exec',
      'exec.pty',
      'exec.resume',
      'exec.subreaper',
      'exec.user',
      'file.resume',
      'file.write',
      'system',
    ];
    assert.deepEqual(welcome?.deniedCapabilities, off);
    assert.deepEqual(
      welcome?.capabilities.filter((name) => off.includes(name)),
      [],
    );
    assert.ok(welcome?.capabilities.includes('file.read'));
    const system = await node.open(TelemetryServiceLite.getSystem, {});
    const reason = 'the guest’s policy: features_off in line 2 of /etc/innkeeper/agent.toml';
    const missing = system.messages[0]?.missingCapabilities ?? [];
    assert.deepEqual(
      missing.filter(({ name }) => off.includes(name)).map(({ name }) => name),
      off,
    );
    assert.equal(missing.find(({ name }) => name === 'exec')?.reason, reason);
    assert.deepEqual(deniedOf(await outcomes(agent)), ['adjust', 'mkdir', 'upload', 'exec', 'execs', 'settings']);
    const refused = await node.open(ProcessServiceLite.list, {});
    assert.equal(
      refused.answers.end?.message,
      'The policy of this guest forbids ProcessService/List: features_off in line 2 of /etc/innkeeper/agent.toml.',
    );
  });

  it('with features_only everything else is off, but never telemetry', async () => {
    const agent = await startLimitedAgent('[policy]\nfeatures_only = ["file.read"]\n');
    const all = await outcomes(agent);
    assert.deepEqual(
      Object.keys(all).filter((name) => all[name] !== denied),
      ['ping', 'system', 'stat'],
    );
    assert.ok(agent.node.welcomes[0]?.capabilities.includes('telemetry'));
  });

  it('what belongs to writing files is off and on with it', async () => {
    const uploadOf = async (rule: string): Promise<string | undefined> => {
      const { node } = await startLimitedAgent(`[policy]\n${rule}\n`);
      return (await node.open(FileServiceLite.getUpload, { path: '/tmp/x', uploadId: 'u' })).reason;
    };
    assert.equal(await uploadOf('features_off = ["file.write"]'), denied);
    assert.equal(await uploadOf('features_only = ["file.read"]'), denied);
    assert.notEqual(await uploadOf('features_only = ["file.write"]'), denied);
  });

  it('in read-only mode what changes the guest is refused, and what only reads works', async () => {
    const agent = await startLimitedAgent('[policy]\nread_only = true\n');
    assert.deepEqual(deniedOf(await outcomes(agent)), [
      ...['adjust', 'mkdir', 'upload', 'exec', 'execs', 'tunnel', 'freeze', 'settings', 'shutdown'],
    ]);
    assert.equal((await agent.node.open(AccountServiceLite.list, {})).reason, '');
    assert.equal((await agent.node.open(AccountServiceLite.change, { user: 'root', locked: true })).reason, denied);
  });

  it('in read-only mode no device and no pipe is opened for reading, since that has effects', async () => {
    const guest = (): FakeHost => {
      const host = new FakeHost();
      host.files.putSpecial('/dev/watchdog', 'character');
      host.files.putSpecial('/dev/vda', 'block');
      host.files.putSpecial('/tmp/pipe', 'fifo');
      host.files.putLink('/tmp/link', '/dev/watchdog');
      host.files.put('/tmp/file', 'x');
      return host;
    };
    const { node } = await startLimitedAgent('[policy]\nread_only = true\n', guest());
    const reasonOf = async (path: string): Promise<string | undefined> =>
      (await node.open(FileServiceLite.read, { path })).reason;
    for (const path of ['/dev/watchdog', '/dev/vda', '/tmp/pipe', '/tmp/link'])
      assert.equal(await reasonOf(path), denied, path);
    assert.equal(await reasonOf('/tmp/file'), '');
    const other = await startLimitedAgent('[policy]\nwrite_roots = ["/tmp"]\n', guest());
    assert.equal((await other.node.open(FileServiceLite.read, { path: '/dev/vda' })).reason, '');
  });

  it('a file that is open can be moved in, flushed and closed by whoever may open one', async () => {
    const reasonOf = (call: { readonly reason: string | undefined }): string => call.reason ?? 'open';
    for (const [rule, mayRead, mayWrite] of [
      ['features_off = ["file.read"]', false, true],
      ['features_off = ["file.write"]', true, false],
      ['read_only = true', true, false],
      ['features_off = ["file"]', false, false],
    ] as const) {
      const host = new FakeHost();
      host.files.put('/tmp/file', 'content');
      const { node } = await startLimitedAgent(`[policy]\n${rule}\n`, host);
      const opened = await node.open(FileHandleServiceLite.open, { path: '/tmp/file' });
      const created = await node.open(FileHandleServiceLite.create, { path: '/tmp/file' });
      assert.deepEqual([opened, created].map(reasonOf), [mayRead ? '' : denied, mayWrite ? '' : denied], rule);
      const handle = opened.messages[0]?.handle ?? created.messages[0]?.handle ?? 1n;
      const expected = mayRead || mayWrite ? '' : denied;
      const { read, seek, flush, close } = FileHandleServiceLite;
      assert.equal(reasonOf(await node.open(seek, { handle, offset: 1n })), expected, rule);
      assert.equal(reasonOf(await node.open(read, { handle, length: 3n })), mayRead ? '' : denied, rule);
      const flushed = await node.open(flush, { handle });
      await settle();
      assert.equal(reasonOf(flushed), expected, rule);
      assert.equal(reasonOf(await node.open(close, { handle })), expected, rule);
    }
  });

  it('a hello sets neither clock nor host name where the system may not be changed', async () => {
    for (const [rule, isSet] of [
      ['read_only = true', false],
      ['features_off = ["system"]', false],
      ['features_off = ["exec"]', true],
    ] as const) {
      const host = new FakeHost();
      host.clock.setWallTimeNs(0n);
      host.files.putFolder('/var/lib/innkeeper-agent');
      const { node } = await startLimitedAgent(`[policy]\n${rule}\n`, host);
      const welcome = await node.hello({ mayStepClock: true, maySetHostname: true, vmId: 'v', vmName: 'other' });
      await settle();
      const isNamed = host.files.exists('/var/lib/innkeeper-agent/vm');
      assert.deepEqual([welcome?.clockStepped, isNamed], [isSet, isSet], rule);
    }
  });

  it('a file that is wrong allows nothing but telemetry, and the reason names its line', async () => {
    const agent = await startLimitedAgent('[policy]\nread_onyl = true\n');
    const all = await outcomes(agent);
    assert.deepEqual(
      Object.keys(all).filter((name) => all[name] !== denied),
      ['ping', 'system'],
    );
    assert.deepEqual(
      agent.lines.filter((line) => line.startsWith('error')),
      ['error config.wrong path=/etc/innkeeper/agent.toml line=2 message=unknown key "policy.read_onyl"'],
    );
    const { messages } = await agent.node.open(TelemetryServiceLite.getSystem, {});
    assert.equal(
      messages[0]?.missingCapabilities.find(({ name }) => name === 'exec')?.reason,
      'the guest’s policy: line 2 of /etc/innkeeper/agent.toml is wrong: unknown key "policy.read_onyl"',
    );
  });

  it('calls beyond a rate are refused until the time in the message, and those of other features are not', async () => {
    const { node, host } = await startLimitedAgent('[rate_limits]\nfile = 3\nall = 5\n');
    const stat = async (): Promise<string | undefined> =>
      (await node.open(FileServiceLite.stat, { path: '/etc/passwd' })).reason;
    assert.deepEqual([await stat(), await stat(), await stat()], ['', '', '']);
    const late = await node.open(FileServiceLite.stat, { path: '/etc/passwd' });
    assert.equal(late.reason, 'GUEST_RATE_LIMITED');
    assert.equal(
      late.answers.end?.message,
      'The policy of this guest allows 3 such calls in a minute: rate_limits.file in line 2 of /etc/innkeeper/agent.toml. Try again in 20000 ms.',
    );
    for (const expected of ['', '', 'GUEST_RATE_LIMITED'])
      assert.equal((await node.open(AccountServiceLite.list, {})).reason, expected);
    for (let count = 0; count < 10; count++) assert.equal((await node.open(TelemetryServiceLite.ping, {})).reason, '');
    await host.clock.advance(20_000);
    assert.deepEqual([await stat(), await stat()], ['', 'GUEST_RATE_LIMITED']);
  });

  it('a rule about files holds for logs that callers name, and not for those that the agent chooses', async () => {
    const host = new FakeHost();
    host.files.put('/var/log/app.log', 'x\n');
    host.files.put('/root/secret', 'x\n');
    const { node } = await startLimitedAgent('[policy]\nroots = ["/var/log"]\n', host);
    const reasonOf = async (path: string): Promise<string | undefined> => {
      const call = await node.open(LogServiceLite.readFile, { path });
      await host.clock.advance(10);
      await settle();
      return call.reason;
    };
    assert.deepEqual([await reasonOf('/var/log/app.log'), await reasonOf('/root/secret')], ['', denied]);
  });

  it('without the right to read files no log file that the caller names is read, and other logs are', async () => {
    for (const rule of ['features_off = ["file"]', 'features_off = ["file.read"]', 'features_only = ["logs"]']) {
      const { node } = await startLimitedAgent(`[policy]\n${rule}\n`);
      const file = await node.open(LogServiceLite.readFile, { path: '/etc/passwd' });
      assert.equal(file.reason, denied, rule);
      assert.match(file.answers.end?.message ?? '', /forbids LogService\/ReadFile: features_\w+ in line 2 of/);
      assert.notEqual((await node.open(LogServiceLite.read, {})).reason, denied, rule);
    }
  });

  it('a log file that the caller names counts for the rates of logs and of files', async () => {
    for (const feature of ['file', '"file.read"', 'logs']) {
      const { node } = await startLimitedAgent(`[rate_limits]\n${feature} = 1\n`);
      await node.open(LogServiceLite.readFile, { path: '/etc/passwd' });
      const late = await node.open(LogServiceLite.readFile, { path: '/etc/passwd' });
      assert.equal(late.reason, 'GUEST_RATE_LIMITED', feature);
    }
  });

  it('with logs off a unit is shown without the last lines of its log, and with the rule', async () => {
    const host = new FakeHost();
    host.files.putFolder('/run/systemd/system');
    for (const name of ['systemctl', 'journalctl']) host.files.put(`/bin/${name}`, '', { mode: 0o755 });
    host.jobs.run = async ([program]) => ({
      exitCode: 0,
      stdout: program === '/bin/systemctl' ? 'Id=a.service\nLoadState=loaded\nActiveState=active\n' : 'secret\n',
      stderr: '',
    });
    const { node } = await startLimitedAgent('[policy]\nfeatures_off = ["logs"]\n', host);
    const call = await node.open(UnitServiceLite.get, { name: 'a.service' });
    await settle();
    const [answer] = call.messages;
    assert.equal(answer?.unit?.name, 'a.service');
    assert.deepEqual(answer?.log, []);
    assert.equal(answer?.logMissing, 'the guest’s policy: features_off in line 2 of /etc/innkeeper/agent.toml');
  });
});

describe('the record of privileged calls', () => {
  it('each privileged call is logged once, without its content; reading telemetry is not', async () => {
    const { node, lines } = await startLimitedAgent('');
    await node.open(TelemetryServiceLite.ping, {});
    const value = { id: 'a', argv: ['true', 'hunter2'], environment: { TOKEN: 'hunter3' } };
    await node.open(ProcessServiceLite.exec, { input: { case: 'start', value } });
    await node.open(FileServiceLite.stat, { path: '/etc/passwd' });
    const calls = lines.filter((line) => line.includes(' call'));
    assert.deepEqual(calls, ['info call method=ProcessService/Exec', 'info call method=FileService/Stat']);
    assert.ok(!lines.join().includes('hunter'));
  });

  it('a refused call is logged with its reason', async () => {
    const { node, lines } = await startLimitedAgent('[policy]\nread_only = true\n');
    await node.open(FileServiceLite.makeDirectory, { path: '/tmp/x' });
    assert.ok(lines.includes('warn call.refused method=FileService/MakeDirectory reason=DENIED_BY_GUEST_POLICY'));
  });

  it('of many calls of one method in 10 s, those beyond 20 are counted in one line', async () => {
    const { node, host, lines } = await startLimitedAgent('');
    for (let count = 0; count < 50; count++) await node.open(FileServiceLite.stat, { path: '/etc/passwd' });
    assert.equal(lines.filter((line) => line === 'info call method=FileService/Stat').length, 20);
    await host.clock.advance(10_000);
    assert.equal(lines.at(-1), 'info call method=FileService/Stat more=30');
    await node.open(FileServiceLite.stat, { path: '/etc/passwd' });
    assert.equal(lines.at(-1), 'info call method=FileService/Stat');
  });
});
