import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { parseConfig, readConfig } from './read-config.ts';

const path = '/etc/innkeeper/agent.toml';
const problemsOf = (text: string): string[] =>
  parseConfig(text, path).problems.map(({ line, message }) => `${line} ${message}`);

describe('the configuration file of the agent', () => {
  it('every documented key is read, with its unit', () => {
    const { problems, policy, ...rest } = parseConfig(
      `telemetry_interval_secs = 30
max_exec_timeout_secs = 600
max_chunk_size = 131072
device_path = "/dev/vport1p1"
http_address = "127.0.0.1:8080"
manager_address = "[fd00::1]:9000"
vsock_peers = ["2", "4294967295"]
http_configure_interface = true
vm_id = "vm-1"
manager_token_file = "/etc/innkeeper/token"
[policy]
read_only = false
features_off = ["exec", "filesystem"]
roots = ["/srv", "/var/log"]
write_roots = ["/srv/in"]
[rate_limits]
all = 100
"file.write" = 10
`,
      path,
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(rest, {
      path,
      telemetryIntervalMs: 30_000,
      maxExecTimeoutSeconds: 600,
      maxChunkBytes: 131_072,
      devicePath: '/dev/vport1p1',
      httpAddress: '127.0.0.1:8080',
      managerAddress: '[fd00::1]:9000',
      vsockPeers: [2, 4_294_967_295],
      httpConfigureInterface: true,
      vmId: 'vm-1',
      managerTokenFile: '/etc/innkeeper/token',
    });
    assert.deepEqual(policy.featuresOff, { value: ['exec', 'filesystem'], line: 13 });
    assert.deepEqual([policy.writeRoots?.value, policy.commands], [['/srv/in'], undefined]);
    assert.deepEqual([...policy.rateLimits.keys()], ['all', 'file.write']);
  });

  it('unknown keys and sections, and values of a wrong kind or size, are problems with their line', () => {
    assert.deepEqual(
      problemsOf(`telemetry_interval_secs = 0
max_exec_timeout_secs = "300"
max_chunk_size = 4095
telemetry_interval = 5
http_address = "8080"
manager_address = "host:65536"
device_path = "vport"
[policy]
read_only = 1
roots = "/srv"
features_of = ["exec"]
[other]
x = 1
`),
      [
        '0 manager_address needs vm_id',
        '1 telemetry_interval_secs must be a whole number from 1 to 3600',
        '2 max_exec_timeout_secs must be a whole number from 1 to 86400',
        '3 max_chunk_size must be a whole number from 4096 to 1048576',
        '4 unknown key "telemetry_interval"',
        '5 "8080" is not ADDRESS:PORT, with an IP address or localhost',
        '6 "host:65536" is not ADDRESS:PORT, with an IP address or localhost',
        '7 "vport" must be an absolute path without "..", "." and doubled or final slashes',
        '9 read_only must be true or false',
        '10 roots must be a list of texts in double quotes',
        '11 unknown key "policy.features_of"',
        '13 unknown key "other.x"',
      ],
    );
  });

  it('peers of vsock are CIDs or any, and an empty list is nobody', () => {
    const peers = (list: string) => parseConfig(`vsock_peers = ${list}`, path).vsockPeers;
    assert.deepEqual([peers('[]'), peers('["1", "any"]'), peers('["1"]')], [[], 'any', [1]]);
    for (const wrong of ['host', '4294967296', '-1', ''])
      assert.match(problemsOf(`vsock_peers = ["${wrong}"]`)[0] ?? '', /^1 ".*" is no CID of vsock/, wrong);
  });

  it('an address of HTTP is an IP address or localhost with a port', () => {
    for (const right of ['0.0.0.0:80', '[::]:8080', 'localhost:1', '10.0.0.1:65535'])
      assert.deepEqual(problemsOf(`http_address = "${right}"`), [], right);
    for (const wrong of ['manager.example:80', '[::1', '1.2.3:80', '1.2.3.4:0', '1.2.3.4', '::1:80', '[1.2.3.4]:80'])
      assert.match(problemsOf(`http_address = "${wrong}"`)[0] ?? '', /is not ADDRESS:PORT/, wrong);
  });

  it('paths that cannot be real ones, unknown features and limits are problems', () => {
    for (const root of ['srv', '/srv/', '/a//b', '/a/../b', '/a/.', '/..', '', '/a\\u0000b'])
      assert.match(problemsOf(`[policy]\nroots = ["${root}"]`)[0] ?? '', /^2 .*must be an absolute path/, root);
    assert.deepEqual(problemsOf('[policy]\nroots = ["/", "/a.b/..c", "/.x"]'), []);
    assert.deepEqual(problemsOf('[policy]\nfeatures_off = ["exec", "exe"]'), ['2 this agent has no feature "exe"']);
    assert.match(problemsOf('[policy]\nfeatures_off = ["telemetry"]')[0] ?? '', /cannot be limited/);
    assert.match(problemsOf('[rate_limits]\nexec = 0')[0] ?? '', /^2 exec must be a number of calls/);
    assert.match(problemsOf('[rate_limits]\nfly = 3')[0] ?? '', /no feature "fly"/);
  });

  it('capabilities that no method has, and that could not be refused, are problems that name what to limit', () => {
    for (const [name, group] of [
      ['exec.pty', 'exec'],
      ['exec.user', 'exec'],
      ['exec.resume', 'exec'],
      ['exec.subreaper', 'exec'],
      ['logs.journal', 'logs'],
      ['file.openat2', 'file'],
      ['file.resume', 'file.write'],
    ]) {
      const expected = [`2 "${name}" cannot be limited alone: limit "${group}"`];
      assert.deepEqual(problemsOf(`[policy]\nfeatures_off = ["${name}"]`), expected);
      assert.deepEqual(problemsOf(`[policy]\nfeatures_only = ["${name}"]`), expected);
      assert.deepEqual(problemsOf(`[rate_limits]\n"${name}" = 3`), expected);
    }
    assert.deepEqual(problemsOf('[policy]\nfeatures_off = ["requests"]'), ['2 this agent has no feature "requests"']);
    for (const name of ['file', 'file.read', 'file.watch', 'filesystem.trim', 'power', 'power.more', 'processes'])
      assert.deepEqual(problemsOf(`[policy]\nfeatures_off = ["${name}"]`), [], name);
  });

  it('targets of tunnels are ports, ranges of ports and paths', () => {
    const problems = (target: string): string[] => problemsOf(`[policy]\ntunnels = ["${target}"]`);
    for (const target of ['1', '65535', '8000-8000', '1-65535', '/run/a.sock'])
      assert.deepEqual(problems(target), [], target);
    for (const target of ['', '0', '65536', '9-8', '1-', '-1', '22 ', 'ssh', 'run/a.sock', '127.0.0.1:22'])
      assert.deepEqual(problems(target), [
        `2 "${target}" must be a port ("22"), ports ("8000-8099") or the path of a unix socket`,
      ]);
    assert.match(problems('/run/../a')[0] ?? '', /must be an absolute path/);
  });

  it('rules that contradict each other, or that the host could get around, are problems', () => {
    const policy = (rules: string): string[] => problemsOf(`[policy]\n${rules}`);
    assert.match(policy('features_off = ["exec"]\nfeatures_only = ["logs"]')[0] ?? '', /^3 give either/);
    assert.match(
      policy('roots = ["/srv"]\nwrite_roots = ["/srvx"]')[0] ?? '',
      /^3 "\/srvx" is not in one of the roots/,
    );
    assert.match(policy('commands = ["/bin/ls"]')[0] ?? '', /limits nothing while the host may write/);
    assert.match(
      policy('commands = ["/srv/run"]\nwrite_roots = ["/srv"]')[0] ?? '',
      /^2 "\/srv\/run" is in a folder that the host may write to/,
    );
    assert.deepEqual(policy('commands = ["/bin/ls"]\nfeatures_off = ["file.write"]'), []);
    assert.deepEqual(policy('commands = ["/bin/ls"]\nfeatures_only = ["exec"]'), []);
    assert.deepEqual(policy('commands = ["/bin/ls"]\nroots = ["/srv"]'), []);
  });

  it('a file that others than root can write, that is not a regular file, or that is too long is wrong as a whole', () => {
    const host = new FakeHost();
    host.files.put(path, '[policy]\nread_only = true\n');
    assert.deepEqual(readConfig(host, path).problems, []);
    host.files.put(path, '', { mode: 0o664 });
    assert.match(readConfig(host, path).problems[0]?.message ?? '', /others than root can write it/);
    host.files.put(path, '', { uid: 1000 });
    assert.match(readConfig(host, path).problems[0]?.message ?? '', /others than root can write it/);
    host.files.put(path, '#'.repeat(65_537));
    assert.match(readConfig(host, path).problems[0]?.message ?? '', /more than 65536 bytes/);
    assert.match(readConfig(host, '/etc').problems[0]?.message ?? '', /not a regular file/);
    assert.match(readConfig(host, '/none').problems[0]?.message ?? '', /cannot be read/);
  });
});
