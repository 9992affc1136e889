import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FakeAgent, startFakeAgent } from '../../fake/fake-agent.ts';
import { FakeHost } from '../../fake/fake-host.ts';
import { type ManualClock, settle } from '../../fake/manual-clock.ts';
import { QgaPeer } from './fake/qga-peer.ts';
import type { QgaSettings } from './qga-settings.ts';

const freezeHook = '/etc/qemu/fsfreeze-hook';
const minuteMs = 60_000;
const mounts = ['22 1 254:0 / / rw - ext4 /dev/vda rw', '23 22 254:16 / /data rw - xfs /dev/vdb rw', ''];

async function guest(qga?: QgaSettings): Promise<FakeAgent<ManualClock>> {
  const host = new FakeHost();
  host.files.putFolder('/run');
  host.files.put('/proc/self/mountinfo', mounts.join('\n'));
  return await startFakeAgent(host, { qga });
}

/** As Proxmox does: a handshake and the command in one write, and the reply is a line that ends with a brace. */
async function asProxmox(agent: FakeAgent<ManualClock>, command: string, id: number): Promise<string> {
  await using peer = new QgaPeer(agent.agent);
  const sync = `{"execute":"guest-sync-delimited","arguments":{"id":${id}}}`;
  await peer.write(`${sync}\n{"execute":"${command}","arguments":{}}\n`);
  const lines = [await peer.line(), await peer.line()];
  assert.equal(lines[0], `\xff{"return": ${id}}`);
  assert.ok(lines[1]?.endsWith('}'));
  return lines[1] ?? '';
}

describe('a freeze by QGA', () => {
  it('a freeze by Proxmox outlives its connection: a minute later its status is frozen, and the thaw has the right count', async () => {
    const agent = await guest();
    assert.equal(await asProxmox(agent, 'guest-fsfreeze-status', 1), '{"return": "thawed"}');
    assert.equal(await asProxmox(agent, 'guest-fsfreeze-freeze', 2), '{"return": 2}');
    await agent.host.clock.advance(minuteMs);
    assert.equal(await asProxmox(agent, 'guest-fsfreeze-status', 3), '{"return": "frozen"}');
    assert.equal(await asProxmox(agent, 'guest-fsfreeze-thaw', 4), '{"return": 2}');
    assert.deepEqual(agent.host.freezer.frozen, []);
    assert.equal(await asProxmox(agent, 'guest-fsfreeze-thaw', 5), '{"return": 0}');
    agent.end();
  });

  it('while frozen only the six commands that write nothing are allowed, whatever the lists of the guest say', async () => {
    const agent = await guest({ block: ['guest-ping', 'guest-fsfreeze-thaw'] });
    await using peer = new QgaPeer(agent.agent);
    assert.match(await peer.call('guest-ping'), /has been disabled/);
    assert.equal(await peer.call('guest-fsfreeze-freeze'), '{"return": 2}');
    for (const name of ['guest-ping', 'guest-info', 'guest-fsfreeze-status'])
      assert.match(await peer.call(name), /^\{"return"/, name);
    for (const name of ['guest-sync', 'guest-sync-delimited'])
      assert.match(await peer.call(name, { id: 1 }), /\{"return": 1\}/, name);
    for (const name of ['guest-fsfreeze-freeze', 'guest-get-time', 'guest-fstrim', 'guest-file-open'])
      assert.match(await peer.call(name, {}), /"CommandNotFound", "desc": "Command .* has been disabled/, name);
    assert.equal(await peer.call('guest-fsfreeze-thaw'), '{"return": 2}');
    agent.end();
  });

  it('a freeze that nobody thaws ends after ten minutes, and the thaw after it says that the copy may be torn', async () => {
    const agent = await guest();
    await using peer = new QgaPeer(agent.agent);
    await peer.call('guest-fsfreeze-freeze');
    await agent.host.clock.advance(10 * minuteMs - 1000);
    assert.equal(await peer.call('guest-fsfreeze-status'), '{"return": "frozen"}');
    await agent.host.clock.advance(2000);
    assert.equal(await peer.call('guest-fsfreeze-status'), '{"return": "thawed"}');
    assert.match(await peer.call('guest-fsfreeze-thaw'), /"GenericError".*may be torn/);
    agent.end();
  });

  it('the lease of a freeze can be set, and be as long as there is', async () => {
    for (const [freezeLeaseMs, after] of [
      [5000, 'thawed'],
      [0, 'frozen'],
    ] as const) {
      const agent = await guest({ freezeLeaseMs });
      await using peer = new QgaPeer(agent.agent);
      await peer.call('guest-fsfreeze-freeze');
      await agent.host.clock.advance(120 * minuteMs);
      assert.equal(await peer.call('guest-fsfreeze-status'), `{"return": "${after}"}`);
      agent.end();
    }
  });

  it('guest-fsfreeze-freeze-list freezes what is mounted of its list, and ignores the rest', async () => {
    const agent = await guest();
    await using peer = new QgaPeer(agent.agent);
    assert.equal(await peer.call('guest-fsfreeze-freeze-list', { mountpoints: ['/nope'] }), '{"return": 0}');
    assert.equal(await peer.call('guest-fsfreeze-freeze-list', { mountpoints: ['/nope', '/data'] }), '{"return": 1}');
    assert.deepEqual(agent.host.freezer.frozen, ['/data']);
    agent.end();
  });

  it('guest-fsfreeze-freeze-list freezes all that it names, in a guest with more mounts than telemetry reports', async () => {
    const host = new FakeHost();
    host.files.putFolder('/run');
    const virtual = Array.from({ length: 300 }, (_, at) => `${500 + at} 1 0:${at} / /run/c${at} rw - tmpfs tmpfs rw`);
    const disks = Array.from({ length: 200 }, (_, at) => `${100 + at} 1 8:${at} / /d${at} rw - ext4 /dev/d${at} rw`);
    host.files.put('/proc/self/mountinfo', [...virtual, ...disks, ''].join('\n'));
    const agent = await startFakeAgent(host);
    await using peer = new QgaPeer(agent.agent);
    const mountpoints = ['/nope', ...disks.map((_, at) => `/d${at}`)];
    assert.equal(await peer.call('guest-fsfreeze-freeze-list', { mountpoints }), '{"return": 200}');
    assert.equal(host.freezer.frozen.length, 200);
    assert.equal(await peer.call('guest-fsfreeze-thaw'), '{"return": 200}');
    assert.equal(await peer.call('guest-fsfreeze-freeze-list', { mountpoints: [] }), '{"return": 0}');
    agent.end();
  });

  it('a configured hook that is missing, not root’s, no program, or writable by others prevents the freeze', async () => {
    for (const about of [undefined, { uid: 1000 }, { mode: 0o644 }, { mode: 0o775 }, { mode: 0o757 }]) {
      const agent = await guest({ freezeHook });
      if (about !== undefined) agent.host.files.put(freezeHook, '', { mode: 0o755, ...about });
      await using peer = new QgaPeer(agent.agent);
      const answer = await peer.call('guest-fsfreeze-freeze');
      assert.match(answer, /The hook \/etc\/qemu\/fsfreeze-hook could not be started: it must be a program of root/);
      assert.deepEqual([agent.host.freezer.frozen, agent.host.jobs.ran], [[], []]);
      agent.end();
    }
  });

  it('a configured hook runs beside as many hooks as there may be, and one hook too many prevents the freeze', async () => {
    for (const [count, frozen] of [
      [31, 2],
      [32, 0],
    ] as const) {
      const agent = await guest({ freezeHook });
      agent.host.files.put(freezeHook, '', { mode: 0o755 });
      agent.host.jobs.results.set(`${freezeHook} freeze`, {});
      for (let at = 0; at < count; at++) {
        const path = `/etc/innkeeper/pre-freeze.d/a${at}`;
        agent.host.files.put(path, '', { mode: 0o755 });
        agent.host.jobs.results.set(`${path} freeze`, {});
      }
      await using peer = new QgaPeer(agent.agent);
      const answer = await peer.call('guest-fsfreeze-freeze');
      if (frozen === 0) assert.match(answer, /there are more than 32 hooks/);
      else assert.equal(answer, `{"return": ${frozen}}`);
      assert.equal(agent.host.jobs.ran.includes(`${freezeHook} freeze`), frozen > 0);
      agent.end();
    }
  });

  it('the agent after one that ended while frozen runs the configured hook with thaw, once', async () => {
    const first = await guest({ freezeHook });
    const { host } = first;
    host.files.put(freezeHook, '', { mode: 0o755 });
    for (const verb of ['freeze', 'thaw']) host.jobs.results.set(`${freezeHook} ${verb}`, {});
    await using peer = new QgaPeer(first.agent);
    assert.equal(await peer.call('guest-fsfreeze-freeze'), '{"return": 2}');
    for (let agents = 0; agents < 2; agents++) {
      await startFakeAgent(host, { qga: { freezeHook } });
      await settle();
    }
    assert.deepEqual(host.jobs.ran, [`${freezeHook} freeze`, `${freezeHook} thaw`]);
    assert.deepEqual(host.freezer.frozen, []);
    first.end();
  });

  it('guest-fstrim reports what was trimmed, and what cannot be', async () => {
    const agent = await guest();
    agent.host.freezer.errors.set('/data', 'ENOTTY');
    await using peer = new QgaPeer(agent.agent);
    assert.equal(
      await peer.call('guest-fstrim'),
      '{"return": {"paths": [{"path": "/data", "error": "trim not supported"}, {"minimum": 0, "path": "/", "trimmed": 1048576}]}}',
    );
    agent.end();
  });
});
