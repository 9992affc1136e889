import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const folder = join(import.meta.dirname, '../../packaging/systemd');

/** The settings of a unit's section [Service]. */
function serviceOf(unit: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(folder, unit), 'utf8');
  const [, section = ''] = /^\[Service\]$([^[]*)/m.exec(text) ?? [];
  return new Map([...section.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

describe('the daemon’s systemd units', () => {
  for (const unit of ['innkeeper.service', 'innkeeper-user.service'])
    it(`${unit}: a stop ends the daemon alone, and a process that the kernel kills for memory ends no other`, () => {
      const service = serviceOf(unit);
      assert.equal(service.get('KillMode'), 'process');
      assert.equal(service.get('OOMPolicy'), 'continue');
      // Limits of the unit would be limits of all VMs together.
      assert.equal(service.get('TasksMax'), 'infinity');
      for (const limit of ['MemoryMax', 'MemoryHigh', 'RuntimeMaxSec', 'CPUQuota', 'ExecStopPost'])
        assert.equal(service.get(limit), undefined, limit);
    });
});

describe('the agent’s systemd unit', () => {
  it('innkeeper-agent.service: nothing restricts what the agent may do in the guest, or ends it for good', () => {
    const service = serviceOf('innkeeper-agent.service');
    assert.equal(service.get('Restart'), 'always');
    assert.equal(service.get('KillMode'), 'process');
    // Each of these makes some operation fail: mounts, accounts, the clock, kernel modules, other users' files.
    const restricting =
      /^(Protect|Private|Restrict|ReadOnly|Inaccessible|Capability|SystemCall|NoNewPriv|NoExec|Lock|Memory|Device|User|Group|Root|Tasks|CPU|IPAddress|Limit|Bind|TemporaryFile)/;
    assert.deepEqual(
      [...service.keys()].filter((name) => restricting.test(name)),
      [],
    );
    const text = readFileSync(join(folder, 'innkeeper-agent.service'), 'utf8');
    assert.match(text, /^StartLimitIntervalSec=0$/m);
    // It starts without its port, which may come later.
    assert.doesNotMatch(text, /^(Condition\w*|Assert\w*|BindsTo|Requires)=/m);
  });
});
