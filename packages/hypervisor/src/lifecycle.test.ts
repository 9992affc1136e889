import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLiveVmState, type VmState, vmStates } from '@innkeeper/contract';
import fc from 'fast-check';
import {
  type FoundProcess,
  isPanicked,
  killRetryMs,
  panicText,
  type StopStep,
  storedLifecycle,
  type VmEffect,
  type VmLifecycle,
  type VmLifecycleEvent,
  vmReduce,
} from './lifecycle.ts';

const steps: readonly StopStep[] = ['agent', 'acpi', 'kill'];
const kinds = ['shutdown', 'killed', 'crashed'] as const;

const endedEvents: readonly VmLifecycleEvent[] = kinds.map((kind) => ({
  type: 'process-ended',
  end: { kind, lastLines: 'last words' },
}));

const foundProcesses: readonly FoundProcess[] = [
  { kind: 'running' },
  { kind: 'paused' },
  { kind: 'gone', how: undefined },
  ...kinds.map((how) => ({ kind: 'gone', how }) as const),
];

const eventArbitrary: fc.Arbitrary<VmLifecycleEvent> = fc.oneof(
  fc.constantFrom<VmLifecycleEvent>(
    { type: 'created' },
    { type: 'create-failed', detail: 'x' },
    { type: 'start' },
    { type: 'launched' },
    { type: 'launch-failed', detail: 'x' },
    { type: 'pause' },
    { type: 'resume' },
    { type: 'paused' },
    { type: 'resumed' },
    { type: 'panicked', detail: panicText },
    { type: 'reset' },
    { type: 'kill' },
    { type: 'agent-connected' },
    { type: 'delete' },
    { type: 'delete-failed', detail: 'x' },
    ...steps.map((step) => ({ type: 'deadline', step }) as const),
    ...steps.map((step) => ({ type: 'step-failed', step }) as const),
    ...endedEvents,
    ...foundProcesses.map((found) => ({ type: 'daemon-started', found }) as const),
  ),
  fc.record({ type: fc.constant('stop' as const), timeoutMs: fc.nat(60_000), agentConnected: fc.boolean() }),
);

/** Every state that a sequence of events can reach. */
const lifecycleArbitrary: fc.Arbitrary<VmLifecycle> = fc
  .tuple(fc.constantFrom(...vmStates), fc.array(eventArbitrary, { maxLength: 12 }))
  .map(([start, events]) => events.reduce((vm, event) => vmReduce(vm, event).state, storedLifecycle(start)));

/** Effects of which a transition may have at most one: together they would contradict each other. */
const exclusive: readonly VmEffect['type'][][] = [
  ['launch', 'abort-launch', 'kill-process', 'press-power-button', 'ask-agent-to-shut-down', 'remove-files'],
  ['pause-guest', 'resume-guest', 'kill-process', 'launch', 'remove-files'],
  ['set-timer', 'clear-timer'],
];

describe('vmReduce()', () => {
  it('a VM’s lifecycle keeps the reason of a pause over a restart of the daemon, or gets it from the hypervisor', () => {
    const found = (detail?: string): VmLifecycleEvent => ({
      type: 'daemon-started',
      found: { kind: 'paused', detail },
    });
    const full = { state: 'paused', detail: 'no space left' } as const;
    assert.deepEqual(vmReduce(full, found()).state, full);
    assert.deepEqual(vmReduce(full, found('an error')).state, full);
    assert.deepEqual(vmReduce({ state: 'running', detail: '' }, found('an error')).state.detail, 'an error');
    assert.deepEqual(vmReduce({ state: 'running', detail: '' }, found()).state, { state: 'paused', detail: '' });
    assert.deepEqual(vmReduce(full, { type: 'daemon-started', found: { kind: 'running' } }).state.state, 'running');
  });

  it('a VM’s lifecycle never returns two contradicting effects', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, eventArbitrary, (vm, event) => {
        const names = vmReduce(vm, event).effects.map((effect) => effect.type);
        for (const group of exclusive) assert.ok(names.filter((name) => group.includes(name)).length <= 1);
      }),
      { numRuns: 2000 },
    );
  });

  it('a VM whose process ends becomes stopped or crashed, whatever happened before', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, fc.constantFrom(...endedEvents), (vm, event) => {
        const next = vmReduce(vm, event).state.state;
        if (isLiveVmState(vm.state)) assert.ok(next === 'stopped' || next === 'crashed');
        else assert.equal(next, vm.state);
      }),
    );
  });

  it('a second stop of a VM changes nothing', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, fc.boolean(), (vm, agentConnected) => {
        const stop: VmLifecycleEvent = { type: 'stop', timeoutMs: 1000, agentConnected };
        const once = vmReduce(vm, stop).state;
        assert.deepEqual(vmReduce(once, stop), { state: once, effects: [] });
      }),
    );
  });

  it('a second kill of a VM changes nothing', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, (vm) => {
        const once = vmReduce(vm, { type: 'kill' }).state;
        assert.deepEqual(vmReduce(once, { type: 'kill' }), { state: once, effects: [] });
      }),
    );
  });

  it('every step of stopping a VM sets a timer, and none remains afterwards', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, fc.array(eventArbitrary), (start, events) => {
        let vm = start.state === 'stopping' ? storedLifecycle('running') : start;
        let timer: StopStep | undefined;
        for (const event of events) {
          // A restarted daemon has no timers.
          if (event.type === 'daemon-started') timer = undefined;
          const next = vmReduce(vm, event);
          vm = next.state;
          for (const effect of next.effects) {
            if (effect.type === 'set-timer') timer = effect.step;
            if (effect.type === 'clear-timer') timer = undefined;
          }
          const wanted = vm.state === 'stopping' && !vm.launching ? vm.step : undefined;
          assert.equal(timer, wanted);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('any stop of a VM reaches the kill by deadlines alone', () => {
    fc.assert(
      fc.property(lifecycleArbitrary, fc.boolean(), (vm, agentConnected) => {
        if (vm.state !== 'running' && vm.state !== 'paused') return;
        let next = vmReduce(vm, { type: 'stop', timeoutMs: 5, agentConnected });
        const seen: VmEffect['type'][] = [];
        for (let round = 0; round < 3; round++) {
          seen.push(...next.effects.map((effect) => effect.type));
          if (next.state.state !== 'stopping') break;
          next = vmReduce(next.state, { type: 'deadline', step: next.state.step });
        }
        assert.ok(seen.includes('kill-process'));
      }),
    );
  });

  it('stopping a VM goes from the agent to ACPI to the kill, each with its deadline', () => {
    let next = vmReduce(storedLifecycle('running'), { type: 'stop', timeoutMs: 700, agentConnected: true });
    assert.deepEqual(next.effects, [
      { type: 'ask-agent-to-shut-down', timeoutMs: 700 },
      { type: 'set-timer', step: 'agent', delayMs: 700 },
    ]);
    next = vmReduce(next.state, { type: 'deadline', step: 'agent' });
    assert.deepEqual(next.effects, [{ type: 'press-power-button' }, { type: 'set-timer', step: 'acpi', delayMs: 700 }]);
    next = vmReduce(next.state, { type: 'deadline', step: 'acpi' });
    assert.deepEqual(next.effects, [
      { type: 'kill-process' },
      { type: 'set-timer', step: 'kill', delayMs: killRetryMs },
    ]);
    next = vmReduce(next.state, { type: 'process-ended', end: { kind: 'shutdown', lastLines: '' } });
    assert.deepEqual(next, { state: { state: 'stopped', detail: '' }, effects: [{ type: 'clear-timer' }] });
  });

  it('a stop that ended in a kill says so and names --timeout; a kill on request and a late shutdown do not', () => {
    const killed: VmLifecycleEvent = { type: 'process-ended', end: { kind: 'killed', lastLines: '' } };
    const stop = vmReduce(storedLifecycle('running'), { type: 'stop', timeoutMs: 700, agentConnected: false });
    const late = vmReduce(stop.state, { type: 'deadline', step: 'acpi' });
    assert.match(vmReduce(late.state, killed).state.detail, /did not shut down in time \(0\.7 s\).*--timeout/);
    const repeated = vmReduce(late.state, { type: 'deadline', step: 'kill' });
    assert.match(vmReduce(repeated.state, killed).state.detail, /--timeout/);
    const refused = vmReduce(stop.state, { type: 'step-failed', step: 'acpi' });
    assert.match(vmReduce(refused.state, killed).state.detail, /could not be asked/);
    const asked = vmReduce(stop.state, { type: 'kill' });
    assert.equal(vmReduce(asked.state, killed).state.detail, '');
    const atLast: VmLifecycleEvent = { type: 'process-ended', end: { kind: 'shutdown', lastLines: '' } };
    assert.equal(vmReduce(late.state, atLast).state.detail, '');
  });

  it('an agent that connects while its guest is stopped by ACPI is asked, once', () => {
    const stop = vmReduce(storedLifecycle('running'), { type: 'stop', timeoutMs: 9_000, agentConnected: false });
    const asked = vmReduce(stop.state, { type: 'agent-connected' });
    assert.deepEqual(asked.effects, [
      { type: 'ask-agent-to-shut-down', timeoutMs: 9_000 },
      { type: 'set-timer', step: 'agent', delayMs: 9_000 },
    ]);
    const acpi = vmReduce(asked.state, { type: 'step-failed', step: 'agent' });
    assert.equal(acpi.effects[0]?.type, 'press-power-button');
    assert.deepEqual(vmReduce(acpi.state, { type: 'agent-connected' }).effects, []);
  });

  it('the power button is pressed again every 5 s until the time of a stop is over', () => {
    let next = vmReduce(storedLifecycle('running'), { type: 'stop', timeoutMs: 12_000, agentConnected: false });
    const seen: string[] = [];
    for (let round = 0; round < 4; round++) {
      seen.push(next.effects.map((effect) => ('delayMs' in effect ? effect.delayMs : effect.type)).join(' '));
      next = vmReduce(next.state, { type: 'deadline', step: 'acpi' });
    }
    assert.deepEqual(seen, [
      'press-power-button 5000',
      'press-power-button 5000',
      'press-power-button 2000',
      `kill-process ${killRetryMs}`,
    ]);
  });

  it('stopping a VM skips an absent agent, and one that refuses', () => {
    const stop = { type: 'stop', timeoutMs: 1, agentConnected: false } as const;
    assert.equal(vmReduce(storedLifecycle('running'), stop).effects[0]?.type, 'press-power-button');
    const asked = vmReduce(storedLifecycle('running'), { ...stop, agentConnected: true });
    const refused = vmReduce(asked.state, { type: 'step-failed', step: 'agent' });
    assert.equal(refused.effects[0]?.type, 'press-power-button');
  });

  it('a paused guest is resumed before a stop, but not before a kill', () => {
    const paused = storedLifecycle('paused');
    const stop = vmReduce(paused, { type: 'stop', timeoutMs: 1, agentConnected: true });
    assert.deepEqual(
      stop.effects.map((effect) => effect.type),
      ['resume-guest', 'ask-agent-to-shut-down', 'set-timer'],
    );
    assert.equal(vmReduce(paused, { type: 'kill' }).effects[0]?.type, 'kill-process');
  });

  it('a process that starts although its launch was aborted is killed', () => {
    const stopping = vmReduce(storedLifecycle('starting'), { type: 'kill' });
    assert.deepEqual(stopping.effects, [{ type: 'abort-launch' }]);
    assert.equal(vmReduce(stopping.state, { type: 'launched' }).effects[0]?.type, 'kill-process');
    assert.equal(vmReduce(stopping.state, { type: 'launch-failed', detail: '' }).state.state, 'stopped');
  });

  it('the deadline of an earlier step is ignored', () => {
    const acpi = vmReduce(storedLifecycle('running'), { type: 'stop', timeoutMs: 1, agentConnected: false }).state;
    assert.deepEqual(vmReduce(acpi, { type: 'deadline', step: 'agent' }), { state: acpi, effects: [] });
  });

  it('a failed kill is repeated at its deadline, not at once', () => {
    const killed = vmReduce(storedLifecycle('running'), { type: 'kill' }).state;
    assert.deepEqual(vmReduce(killed, { type: 'step-failed', step: 'kill' }).effects, []);
    assert.equal(vmReduce(killed, { type: 'deadline', step: 'kill' }).effects[0]?.type, 'kill-process');
  });

  it('a paused VM keeps the hypervisor’s reason', () => {
    const paused = vmReduce(storedLifecycle('running'), { type: 'paused', detail: 'The disk is full.' }).state;
    assert.deepEqual(paused, { state: 'paused', detail: 'The disk is full.' });
    assert.equal(vmReduce(paused, { type: 'resumed' }).state.detail, '');
  });

  it('a VM whose guest panicked keeps running with that detail until the guest is reset or its agent connects', () => {
    const detail = `${panicText}: It.`;
    const panicked = vmReduce(storedLifecycle('running'), { type: 'panicked', detail }).state;
    assert.deepEqual([panicked, isPanicked(panicked)], [{ state: 'running', detail }, true]);
    assert.equal(vmReduce(panicked, { type: 'panicked', detail: 'again' }).state, panicked);
    for (const type of ['reset', 'agent-connected'] as const)
      assert.deepEqual(vmReduce(panicked, { type }).state, { state: 'running', detail: '' });
    assert.equal(isPanicked(storedLifecycle('running')), false);
  });

  it('a guest that panicked is still known to have panicked after a pause and after a restart of the daemon', () => {
    const detail = `${panicText}: It.`;
    const events: readonly VmLifecycleEvent[] = [
      { type: 'paused' },
      { type: 'daemon-started', found: { kind: 'paused' } },
      { type: 'resumed' },
      { type: 'daemon-started', found: { kind: 'running' } },
    ];
    let life = storedLifecycle('running', detail);
    for (const event of events) {
      life = vmReduce(storedLifecycle(life.state, life.detail), event).state;
      assert.ok(isPanicked(life), JSON.stringify(life));
    }
    assert.deepEqual(life, { state: 'running', detail });
  });

  it('a crashed VM keeps the last lines of its hypervisor', () => {
    const event: VmLifecycleEvent = { type: 'process-ended', end: { kind: 'crashed', lastLines: 'no such disk\n' } };
    assert.deepEqual(vmReduce(storedLifecycle('running'), event).state, {
      state: 'crashed',
      detail: 'The hypervisor died: no such disk',
    });
  });

  describe('after a restart of the daemon', () => {
    const found = (state: VmState, process: FoundProcess) =>
      vmReduce(storedLifecycle(state), { type: 'daemon-started', found: process });

    it('after a restart of the daemon, a VM has the state it was found in', () => {
      for (const state of ['starting', 'running', 'paused', 'stopped', 'crashed'] as const) {
        assert.equal(found(state, { kind: 'running' }).state.state, 'running');
        assert.equal(found(state, { kind: 'paused' }).state.state, 'paused');
      }
    });

    it('after a restart of the daemon, a VM without a process is stopped, or crashed if the hypervisor recorded that', () => {
      for (const state of ['starting', 'running', 'paused'] as const) {
        assert.equal(found(state, { kind: 'gone', how: undefined }).state.state, 'stopped');
        assert.equal(found(state, { kind: 'gone', how: 'shutdown' }).state.state, 'stopped');
        assert.equal(found(state, { kind: 'gone', how: 'crashed' }).state.state, 'crashed');
      }
    });

    it('after a restart of the daemon, an interrupted stop continues', () => {
      const effects = found('stopping', { kind: 'running' }).effects.map((effect) => effect.type);
      assert.deepEqual(effects, ['press-power-button', 'set-timer']);
      assert.equal(found('stopping', { kind: 'gone', how: 'crashed' }).state.state, 'stopped');
    });

    it('after a restart of the daemon, an unfinished VM is removed, and an interrupted removal continues', () => {
      for (const state of ['creating', 'deleting'] as const) {
        assert.deepEqual(found(state, { kind: 'gone', how: undefined }).effects, [{ type: 'remove-files' }]);
      }
    });
  });
});
