import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatAgentAddress, parseAgentAddress } from '@innkeeper/contract';
import { PowerServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { hostClock } from '../../node/host-clock.ts';
import { createForeignLink } from '../foreign/create-foreign-link.ts';
import { qgaAgent } from './qga-agent.ts';
import { VirshSession } from './virsh-session.ts';

/** A virsh with one domain, written from its manual: prints the agent's answer, or libvirt's error and exits with 1. */
const virsh = `#!/bin/sh
echo "$*" >> "$0.log"
while [ $# -gt 1 ]; do case "$1" in --domain) domain=$2;; --cmd) cmd=$2;; esac; shift; done
if [ "$domain" != web ]; then echo "error: failed to get domain '$domain'" >&2; exit 1; fi
case "$cmd" in
*guest-info*) echo '{"return":{"version":"7.2","supported_commands":[{"name":"guest-ping","enabled":true},{"name":"guest-exec","enabled":true},{"name":"guest-exec-status","enabled":true},{"name":"guest-shutdown","enabled":true}]}}';;
*guest-ping*) echo '{"return":{}}';;
*guest-exec-status*) echo '{"return":{"exited":true,"exitcode":3,"out-data":"aGk="}}';;
*guest-exec*) echo '{"return":{"pid":7}}';;
*guest-shutdown*) echo 'error: Guest agent is not responding: Guest agent not available for now' >&2; exit 1;;
*guest-get-time*) echo 'garbage';;
*) echo "error: internal error: unable to execute QEMU agent command 'x': The command x has been disabled" >&2; exit 1;;
esac
`;

async function linked(isReadOnly: boolean, domain = 'web') {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-virsh-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'virsh');
  await writeFile(program, virsh);
  await chmod(program, 0o755);
  const session = new VirshSession({ uri: 'qemu:///system', domain, program });
  const link = stack.use(
    createForeignLink({ agent: qgaAgent({ session, clock: hostClock, isReadOnly }), sampleMs: 60_000 }),
  );
  const owned = stack.move();
  const asked = async () => await readFile(`${program}.log`, 'utf8');
  return { link, asked, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a libvirt domain', () => {
  it('is asked through virsh, which owns its socket', async () => {
    await using one = await linked(false);
    await until(() => one.link.state.state === 'connected');
    await using session = one.link.exec({ argv: ['true'] });
    const seen: unknown[] = [];
    for await (const { event } of session.events) {
      if (event.case === 'output') seen.push(Buffer.from(event.value.data).toString());
      if (event.case === 'exited') seen.push(event.value.status);
    }
    assert.deepEqual(seen, ['hi', { case: 'exitCode', value: 3 }]);
    assert.match(await one.asked(), /^-q -c qemu:\/\/\/system qemu-agent-command --domain web --timeout \d+ --cmd \{/m);
    assert.equal((await one.link.call(PowerServiceLite.shutdown, {})).method, 'guest-shutdown');
    await assert.rejects(one.link.call(TelemetryServiceLite.adjustClock, {}), { reason: 'GUEST_MISBEHAVES' });
  });

  it('is only read until told otherwise: what could change it is refused before virsh is called', async () => {
    await using one = await linked(true);
    await until(() => one.link.state.state === 'connected');
    assert.deepEqual([...one.link.capabilities], ['telemetry']);
    await using session = one.link.exec({ argv: ['true'] });
    await assert.rejects(
      async () => {
        for await (const _ of session.events) assert.fail('it ran');
      },
      { message: /adopted for reading only.*"exec"/ },
    );
    await assert.rejects(one.link.call(PowerServiceLite.shutdown, {}), { message: /"power"/ });
    await assert.rejects(one.link.call(TelemetryServiceLite.adjustClock, { stepNs: 5n }), { message: /reading only/ });
    assert.doesNotMatch(await one.asked(), /guest-exec"|guest-shutdown"|guest-set-time/);
  });

  it('is asked nothing that is longer than an argument may be', async () => {
    const session = new VirshSession({ uri: 'qemu:///system', domain: 'web', program: '/nonexistent' });
    const long = { path: 'x'.repeat(100_000) };
    await assert.rejects(session.call(AbortSignal.timeout(60_000), 'guest-exec', long), {
      reason: 'INVALID_ARGUMENT',
    });
  });

  it('whose libvirt hangs is given up 5 s after the time that its agent had', async () => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-virsh-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const program = join(folder, 'virsh');
    await writeFile(program, '#!/bin/sh\nexec tail -f /dev/null\n');
    await chmod(program, 0o755);
    const session = new VirshSession({ uri: 'qemu:///system', domain: 'web', program });
    await assert.rejects(session.call(AbortSignal.timeout(60_000), 'guest-ping', {}, { timeoutMs: 1 }), {
      reason: 'AGENT_UNREACHABLE',
      message: /libvirtd hangs/,
    });
  });

  it('that libvirt does not know is not connected, and the reason is what virsh says', async () => {
    await using one = await linked(false, 'other');
    await assert.rejects(one.link.ping({ timeoutMs: 500 }), {
      reason: 'AGENT_UNREACHABLE',
      message: /failed to get domain 'other'/,
    });
  });

  it('has an address with its URI, and full access only where it is named', () => {
    const text = 'libvirt:qemu+ssh://host/system#my vm,access=full';
    const parsed = parseAgentAddress(text);
    assert.deepEqual(parsed, {
      kind: 'libvirt',
      uri: 'qemu+ssh://host/system',
      domain: 'my vm',
      access: 'full',
      dialect: 'qga',
    });
    assert.equal(formatAgentAddress(parsed), text);
    assert.equal(formatAgentAddress(parseAgentAddress('libvirt:web')), 'libvirt:qemu:///system#web');
    for (const wrong of ['libvirt:', 'libvirt:--help', 'libvirt:a;b', 'libvirt:web,access=all'])
      assert.throws(() => parseAgentAddress(wrong), { reason: 'INVALID_ARGUMENT' });
  });
});
