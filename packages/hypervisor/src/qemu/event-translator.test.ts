import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentPorts, type VmEvent } from '../driver.ts';
import { portDeviceId } from './command-line.ts';
import { EventTranslator } from './event-translator.ts';

/** What a driver's listener hears of these events of QEMU, each a name and its data. */
function translate(...events: readonly (readonly [string, Record<string, unknown>?])[]): VmEvent[] {
  const translator = new EventTranslator();
  return events.flatMap(([name, data = {}]) => translator.take({ name, data }) ?? []);
}

describe('the events of QEMU', () => {
  it('a panic of the guest, by pvpanic or the kernel, is an event that says what panicked', () => {
    const panic = { action: 'run', info: { type: 'hyper-v' } };
    assert.deepEqual(translate(['GUEST_PANICKED', panic]), [
      { type: 'panicked', detail: 'The guest’s kernel panicked.' },
    ]);
  });

  it('a reset is an event, whether the guest or the host asked for it', () => {
    const reset = { guest: true, reason: 'guest-reset' };
    assert.deepEqual(translate(['RESET', reset], ['RESET', { guest: false, reason: 'host-qmp-system-reset' }]), [
      { type: 'reset' },
      { type: 'reset' },
    ]);
  });

  it('a pause after a failed write names the full disk, and the next pause does not', () => {
    const full = { action: 'stop', nospace: true, operation: 'write', reason: 'No space left on device' };
    const [first, second] = translate(['BLOCK_IO_ERROR', full], ['STOP'], ['STOP']);
    assert.match(first?.type === 'paused' ? (first.detail ?? '') : '', /no space left/);
    assert.deepEqual(second, { type: 'paused' });
    const broken = { action: 'stop', nospace: false, operation: 'read', reason: 'Input/output error' };
    const [read] = translate(['BLOCK_IO_ERROR', broken], ['STOP']);
    assert.deepEqual(read, { type: 'paused', detail: 'The host could not read the VM’s disk: Input/output error.' });
  });

  it('a failed write that the guest itself hears of explains no later pause', () => {
    assert.deepEqual(translate(['BLOCK_IO_ERROR', { action: 'report', nospace: true }], ['STOP']), [
      { type: 'paused' },
    ]);
  });

  it('a suspended guest is paused with its reason, and resumed when it wakes up', () => {
    const events = translate(['SUSPEND'], ['WAKEUP'], ['RESUME']);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['paused', 'resumed', 'resumed'],
    );
    assert.ok(events[0]?.type === 'paused' && events[0].detail !== undefined);
  });

  it('an agent that opens or closes its port is heard; other ports and unknown events are not', () => {
    const id = portDeviceId(0);
    assert.deepEqual(
      translate(
        ['VSERPORT_CHANGE', { id, open: true }],
        ['VSERPORT_CHANGE', { id, open: false }],
        ['VSERPORT_CHANGE', { id: 'other', open: true }],
        ['NIC_RX_FILTER_CHANGED'],
      ),
      [
        { type: 'agent-port', port: agentPorts[0], open: true },
        { type: 'agent-port', port: agentPorts[0], open: false },
      ],
    );
  });

  it('a shutdown is remembered with who asked for it', () => {
    const translator = new EventTranslator();
    assert.equal(translator.shutdown, undefined);
    assert.equal(translator.take({ name: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } }), undefined);
    assert.deepEqual(translator.shutdown, { guest: true, reason: 'guest-shutdown' });
  });
});
